// Without a mouse: Tab reaches all that can be used, in the order in which it is read, and
// each shows that it has the focus, on the screen (WCAG 2.1.1, 2.4.3, 2.4.7, 2.4.11).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, look, stands } from "./look";
import { crowd, idOf, type World } from "./world";

let world: World, browser: Browser;
before(async () => { world = await crowd(30); browser = await launch(); });
after(async () => { await browser?.close(); world?.end(); });

/** In the page: numbers all that can be used, as it is read, and says what there is. */
function number(): string[] {
  const usable = [...document.querySelectorAll<HTMLElement>("a[href], button, input, select, summary, [tabindex='0']")]
    .filter((e) => !(e as HTMLButtonElement).disabled && (e.matches(".skip") || e.checkVisibility()));
  usable.forEach((e, i) => { e.dataset["turn"] = String(i); });
  return usable.map((e) => `${e.tagName.toLowerCase()} ${(e.getAttribute("aria-label") ?? e.textContent ?? "").slice(0, 30)}`);
}

/** In the page: which of them has the focus, and whether one sees that. */
function focused(): { turn: number; seen: string } | undefined {
  const e = document.activeElement as HTMLElement | null;
  if (!e?.dataset["turn"]) return undefined;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const on = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const line = e.getClientRects()[0] ?? box;
  const top = document.elementFromPoint(Math.max(1, Math.min(innerWidth - 1, line.left + line.width / 2)), Math.max(1, Math.min(innerHeight - 1, line.top + line.height / 2)));
  const covered = box.height < innerHeight && top?.closest("header") && !e.closest("header");
  return { turn: Number(e.dataset["turn"]), seen: !ring ? "no ring" : !on ? "off the screen" : covered ? "under the header" : "" };
}

async function walk(page: Page): Promise<void> {
  const all = await page.evaluate(number);
  for (let i = 0; i < all.length; i++) {
    await page.keyboard.press("Tab");
    assert.deepEqual(await page.evaluate(focused), { turn: i, seen: "" }, `${page.url()}: Tab ${i + 1} of ${all.length}, ${all[i]}`);
  }
}

test("Tab goes through every page in its order, and one sees where one is, wide and narrow", async () => {
  const device = await idOf(world.address, "user7@");
  const pages = [["fleet", "How waits ended"], ["networks", "carrier-east"], ["networks/carrier-east", "forgets a silent connection"], ["devices", "30 devices"],
    [`devices/${device}`, "Waits through time"], ["what-if", "Radio wakes a day"], ["decisions", "The last decisions"], ["nowhere", "no such page"]] as const;
  for (const width of [1280, 380]) {
    const { page, faults } = await look(browser, world.address, { width });
    for (const [place, seen] of pages) {
      await page.goto("about:blank"); // a page of its own each time, with the focus at its beginning
      await page.goto(`${world.address}/ui/#/${place}`);
      await page.getByText(seen).first().waitFor();
      await stands(page, "live");
      // What comes new is numbered by nobody. A click of the mouse would have Tab begin there.
      await page.getByRole("button", { name: "Pause" }).evaluate((button: HTMLElement) => button.click());
      await walk(page);
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test("the first Tab leads past the header, and a new page begins at its heading", async () => {
  const { page, faults } = await look(browser, world.address);
  await page.goto(`${world.address}/ui/#/devices`);
  await page.getByText("30 devices").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement!.textContent), "To the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement!.tagName), "H1");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement!.tagName), "INPUT");
  await page.locator("tbody a").first().focus();
  await page.keyboard.press("Enter");
  await page.getByText("Waits through time").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement!.tagName), "H1");
  assert.match(await page.title(), /Device|ApplDNPQ/);
  assert.deepEqual(faults, []);
});

test("a row that is sorted elsewhere while one is on it keeps the focus", async () => {
  const { page } = await look(browser, world.address);
  await page.goto(`${world.address}/ui/#/devices`);
  await page.getByText("30 devices").waitFor();
  const row = page.locator("tbody a").nth(20), href = await row.getAttribute("href");
  await row.focus();
  const place = async () => page.locator("tbody tr").evaluateAll((rows, to) => rows.findIndex((r) => r.querySelector("a")!.getAttribute("href") === to), href);
  for (const from = await place(); await place() === from;) await page.waitForTimeout(100);
  assert.equal(await page.evaluate(() => document.activeElement!.getAttribute("href")), href);
});
