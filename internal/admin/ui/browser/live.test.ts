// The real program with the phones of its demo: everything moves by itself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { barriers, launch, look, stands } from "./look";
import { demo, type World } from "./world";

let world: World, browser: Browser;
before(async () => { world = await demo(19_181); browser = await launch(); });
after(async () => { await browser?.close(); world?.end(); });

test("the address of the listener leads a browser to the fleet, which moves by itself", async () => {
  const { page, faults } = await look(browser, world.address);
  await page.goto(`${world.address}/`);
  assert.equal(new URL(page.url()).pathname, "/ui/");
  await stands(page, "live");
  await page.locator(".feed li").nth(3).waitFor();
  const first = await page.locator(".feed li").first().textContent();
  await page.waitForFunction((old) => document.querySelector(".feed li")?.textContent !== old, first);
  const held = page.locator(".tile", { hasText: "Held now" }).locator("strong");
  await page.waitForFunction(() => Number(document.querySelector(".tile strong")?.textContent) > 0);
  assert.match((await held.textContent()) ?? "", /^\d+$/);
  await page.locator(".plot canvas").waitFor();
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(faults, []);
});

test("whoever presses Pause reads a list that holds still, until it is pressed again", async () => {
  const { page } = await look(browser, world.address);
  await page.goto(`${world.address}/ui/`);
  await page.locator(".feed li").nth(3).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await stands(page, "paused");
  const still = await page.locator("main").textContent();
  const ends = async () => ((await (await fetch(`${world.address}/api/v1/fleet`)).json()) as { windows: { waits: number }[] }).windows.at(-1)!.waits; // of a day: five minutes of these phones are over in five seconds
  for (const from = await ends(); (await ends()) < from + 5;) await page.waitForTimeout(100);
  assert.equal(await page.locator("main").textContent(), still);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.waitForFunction((old) => document.querySelector("main")?.textContent !== old, still);
});

test("a device's list and its timeline grow while one looks", async () => {
  const { page, faults } = await look(browser, world.address);
  await page.goto(`${world.address}/ui/#/devices`);
  await page.getByText("12 devices").waitFor();
  await page.getByLabel("Search").fill("demoida");
  await page.getByText("1 to 1 of 1 devices").waitFor();
  await page.locator("tbody a").first().click();
  const rows = page.locator("details tbody tr");
  await rows.first().waitFor();
  const newest = await rows.first().textContent();
  await page.waitForFunction((old) => document.querySelector("details tbody tr")?.textContent !== old, newest);
  await page.locator(".plot canvas").waitFor();
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(faults, []);
});

test("each other page of the real program opens, without a fault and without a barrier", async () => {
  for (const [place, seen] of [["networks", "carrier-east"], ["networks/carrier-east", "How long silence survives"], ["what-if", "Radio wakes a day"], ["decisions", "The last decisions"]] as const) {
    const { page, faults } = await look(browser, world.address);
    await page.goto(`${world.address}/ui/#/${place}`);
    await page.getByText(seen).first().waitFor();
    assert.deepEqual(await barriers(page), [], place);
    assert.deepEqual(faults, [], place);
    await page.context().close();
  }
});

test("when the program goes the page says so and keeps what it knew; when it is back the page is live again", async () => {
  const { page } = await look(browser, world.address);
  await page.goto(`${world.address}/ui/#/devices`);
  await page.getByText("12 devices").waitFor();
  world.end();
  await stands(page, "connection lost");
  await page.getByText("diastole does not answer").waitFor();
  assert.equal(await page.locator("tbody tr").count(), 12);
  world = await demo(19_181);
  await stands(page, "live");
  await page.getByText("diastole does not answer").waitFor({ state: "detached" });
});
