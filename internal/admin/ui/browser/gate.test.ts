// A listener with a token: the page asks for it, and what a device calls itself stays text.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { barriers, launch, look, stands } from "./look";
import { crowd, type World } from "./world";

const token = "a-token-of-thirty-two-letters-or-so";
let world: World, browser: Browser;
before(async () => { world = await crowd(20, { token, users: "plain" }); browser = await launch(); });
after(async () => { await browser?.close(); world?.end(); });

test("without the token nothing is shown but the question for it", async () => {
  const { page, faults } = await look(browser, world.address, { allowed: /401/ });
  await page.goto(`${world.address}/ui/#/devices`);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByLabel("Token").waitFor();
  assert.equal(await page.getByText("user1@").count(), 0);
  assert.deepEqual(await barriers(page), []);
  await page.getByLabel("Token").fill(token);
  await page.keyboard.press("Enter");
  await page.getByText("20 devices").waitFor();
  await stands(page, "live");
  await page.reload();
  await page.getByText("20 devices").waitFor();
  assert.deepEqual(faults, []);
});

test("the page cannot run what is not its own", async () => {
  const { page } = await look(browser, world.address, { allowed: /./ });
  await page.goto(`${world.address}/ui/`);
  const ran = await page.evaluate(async () => {
    const script = document.createElement("script");
    try {
      script.textContent = "globalThis.ran = true";
      document.head.append(script);
    } catch { /* refused already as no trusted type */ }
    return (globalThis as unknown as { ran?: boolean }).ran === true;
  });
  assert.equal(ran, false);
  await assert.rejects(page.evaluate(() => fetch("http://127.0.0.1:9/")), /Failed to fetch|violates/);
});
