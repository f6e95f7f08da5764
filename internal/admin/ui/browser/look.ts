// A browser that writes down whatever should not happen: errors on the console, requests
// that leave the origin, what the policy had to stop.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function launch(): Promise<Browser> {
  // Tests run as root in a container of their own, where Chromium's sandbox cannot be made.
  return chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export interface Look { page: Page; faults: string[] }

export async function look(browser: Browser, address: string, options: { dark?: boolean; width?: number; allowed?: RegExp } = {}): Promise<Look> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: 860 }, colorScheme: options.dark ? "dark" : "light", reducedMotion: "reduce",
    bypassCSP: false,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !options.allowed?.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => { if (new URL(request.url()).origin !== new URL(address).origin) faults.push(`left the origin: ${request.url()}`); });
  return { page, faults };
}

/** What axe finds that keeps people out: serious and critical, by rule and place. */
export async function barriers(page: Page): Promise<string[]> {
  // Run in the page's own world by the debugger, which its policy does not bind.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }).axe.run();
    return violations.map((v) => ({ impact: v.impact, id: v.id, at: v.nodes.map((n) => n.html.slice(0, 140)) }));
  });
  return found.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.at.slice(0, 3).join(" | ")}`);
}

interface Violation { impact: string; id: string; nodes: { html: string }[] }

/** Waits until the page says so of its stream. */
export async function stands(page: Page, word: string): Promise<void> {
  await page.locator("header p", { hasText: word }).waitFor();
}
