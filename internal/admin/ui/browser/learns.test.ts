// The demo as a visitor meets it: time runs faster, the page says so, and what the firewalls
// allow is learned while one looks.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { barriers, launch, look } from "./look";
import { demo, type World } from "./world";

let world: World, browser: Browser;
before(async () => { world = await demo(19_182, "5s"); browser = await launch(); });
after(async () => { await browser?.close(); world?.end(); });

test("each page says how much faster time runs here, and figures are those of a real network", async () => {
  const { page, faults } = await look(browser, world.address);
  for (const place of ["fleet", "networks", "networks/carrier-west", "devices", "what-if", "decisions"]) {
    await page.goto(`${world.address}/ui/#/${place}`);
    await page.locator("aside", { hasText: "Time runs 60 times faster here" }).waitFor();
  }
  await page.goto(`${world.address}/ui/#/devices?q=demobert`);
  await page.getByRole("cell", { name: /^(8m|13m)/ }).first().waitFor(); // an Android asks for 8 and 13 minutes
  assert.deepEqual(faults, []);
});

test("within moments the first answers are lost, and fleet and device say so", async () => {
  const { page, faults } = await look(browser, world.address);
  page.setDefaultTimeout(90_000);
  await page.goto(`${world.address}/ui/#/fleet`);
  await page.getByText("of the answers never arrived").waitFor();
  await page.goto(`${world.address}/ui/#/devices?q=demojan`); // an Android whose first 8 minutes its firewall does not survive
  await page.getByRole("link", { name: "jan" }).click();
  await page.getByText("answer lost").first().waitFor();
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(faults, []);
});

test("whoever watches the networks sees three limits appear by themselves, near what the firewalls allow", async () => {
  const { page, faults } = await look(browser, world.address);
  page.setDefaultTimeout(240_000);
  await page.goto(`${world.address}/ui/#/networks`);
  for (const [name, idle] of [["carrier-east", 12.5], ["carrier-west", 20], ["guest-wifi", 6]] as const) {
    // "20m30s (19m to 22m30s)", and it is acted upon; nothing but the stream renews the page.
    const row = page.locator("tbody tr", { hasText: name, hasNotText: "as asked" });
    await row.getByText(/^\S+ \(\S+ to \S+\)$/).waitFor();
    const [low, high] = await page.evaluate(async (of) => {
      const n = (await (await fetch(`/api/v1/networks/${of}`)).json()) as { limit_low_seconds: number; limit_high_seconds: number };
      return [n.limit_low_seconds / 60, n.limit_high_seconds / 60];
    }, name);
    assert.ok(low! <= idle && idle <= high!, `${name} forgets after ${idle} min, learned ${low} to ${high}`);
  }
  await page.getByRole("link", { name: "guest-wifi" }).click();
  await page.getByText(/guest-wifi forgets a silent connection after about \d+m(30s)?\. Waits are kept at/).waitFor();
  await page.getByText("died in silence").first().waitFor();
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(faults, []);
});
