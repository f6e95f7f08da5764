// What pages say while they have nothing: just started, on the way, failed, cut off.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { barriers, launch, look, stands } from "./look";
import { crowd, idOf, type World } from "./world";

let world: World, started: World, browser: Browser, pages: string[];
before(async () => {
  [world, started, browser] = [await crowd(30), await crowd(0), await launch()];
  pages = ["fleet", "networks", "networks/carrier-east", "devices", `devices/${await idOf(world.address, "user7@")}`, "what-if", "decisions"];
});
after(async () => { await browser?.close(); world?.end(); started?.end(); });

test("a program that has only started says on each page what will come", async () => {
  const says = { fleet: "Nothing yet. Waits appear here", networks: "the first wait that ends makes one", devices: "the first phone that waits makes one",
    "what-if": "No phone asked within the last day", decisions: "No rule has decided anything yet" };
  for (const dark of [false, true]) {
    const { page, faults } = await look(browser, started.address, { dark });
    for (const [place, said] of Object.entries(says)) {
      await page.goto(`${started.address}/ui/#/${place}`);
      await page.getByText(said).waitFor();
      assert.deepEqual(await barriers(page), [], place);
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test("while an answer is on its way each page says so, and shows it when it comes", async () => {
  for (const place of pages) {
    const { page, faults } = await look(browser, world.address);
    let go = () => {};
    const held = new Promise<void>((let_go) => { go = let_go; });
    await page.route("**/api/v1/**", async (route) => { await held; await route.continue().catch(() => {}); });
    await page.goto(`${world.address}/ui/#/${place}`);
    const loading = page.getByRole("status").filter({ hasText: "Loading" });
    await loading.first().waitFor();
    assert.deepEqual(await barriers(page), [], place);
    go();
    await page.locator("main [aria-busy=false]").first().waitFor();
    await loading.waitFor({ state: "detached" });
    assert.deepEqual(faults, [], place);
    await page.context().close();
  }
});

test("a failure stands on each page in the words of the server, with a button that tries again", async () => {
  const problem = { type: "about:blank", title: "Service Unavailable", status: 503, detail: "the state cannot be read", remedy: "Look at the disk." };
  for (const dark of [false, true]) for (const place of pages) {
    const { page, faults } = await look(browser, world.address, { dark, width: 380, allowed: /503/ });
    let mended = false;
    await page.route("**/api/v1/**", (route) => mended ? route.continue() : route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) }));
    await page.goto(`${world.address}/ui/#/${place}`);
    const alert = page.getByRole("alert");
    await alert.filter({ hasText: "the state cannot be read" }).filter({ hasText: "Look at the disk." }).waitFor();
    await stands(page, "connection lost");
    assert.deepEqual(await barriers(page), [], place);
    // The page asks again by itself too, and on a slow machine the button is gone before a click by mouse is there.
    const again = await page.getByRole("button", { name: "Try again" }).elementHandle();
    mended = true;
    await again!.evaluate((button) => (button as HTMLElement).click());
    await alert.waitFor({ state: "detached" });
    await page.locator("main [aria-busy=false]").first().waitFor();
    assert.deepEqual(faults, [], place);
    await page.context().close();
  }
});

test("an answer that is none of ours is no blank page", async () => {
  for (const [status, contentType, said] of [[502, "text/html", "502 Bad Gateway"], [200, "text/html", "the answer cannot be read"]] as const) {
    const { page, faults } = await look(browser, world.address, { allowed: /502/ });
    await page.route("**/api/v1/devices?**", (route) => route.fulfill({ status, contentType, body: "<h1>A proxy in between</h1>" }));
    await page.goto(`${world.address}/ui/#/devices`);
    await page.getByRole("alert").filter({ hasText: said }).waitFor();
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test("without the stream alone the page says so and goes on by asking", async () => {
  const { page, faults } = await look(browser, world.address, { allowed: /ERR_FAILED/ });
  await page.route("**/api/v1/events", (route) => route.abort());
  await page.goto(`${world.address}/ui/#/devices`);
  await stands(page, "connection lost");
  await page.getByText("30 devices").waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
  await page.unroute("**/api/v1/events");
  await stands(page, "live");
  assert.deepEqual(faults, []);
});

test("a stream that has died in silence is noticed, and taken up again", async () => {
  const { page, faults } = await look(browser, world.address);
  await page.clock.install();
  await page.goto(`${world.address}/ui/#/fleet`);
  await stands(page, "live");
  world.still(true);
  await page.clock.fastForward(11_000);
  await stands(page, "connection lost");
  assert.ok(await page.locator(".tile").count() >= 6, "what was known has gone");
  world.still(false);
  await page.clock.fastForward(16_000);
  await stands(page, "live");
  assert.deepEqual(faults, []);
});

test("when the token is no longer taken the page hides what it knew and asks for it", async () => {
  const { page, faults } = await look(browser, world.address, { allowed: /401/ });
  await page.goto(`${world.address}/ui/#/devices`);
  await page.getByText("30 devices").waitFor();
  await page.route("**/api/v1/**", (route) => route.fulfill({ status: 401, contentType: "text/plain", body: "the token is missing or wrong\n" }));
  await page.getByLabel("Token").waitFor();
  await stands(page, "token needed");
  assert.equal(await page.locator("tbody tr").count(), 0);
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(faults, []);
});

test("older waits that cannot be had are no end of the list", async () => {
  const { page, faults } = await look(browser, world.address, { allowed: /503/ });
  await page.route("**/api/v1/devices/*", async (route) => {
    if (route.request().url().includes("before=")) return route.fulfill({ status: 503, body: "" });
    const answer = (await (await route.fetch()).json()) as object;
    return route.fulfill({ json: { ...answer, before: "2026-01-01T00:00:00Z" } });
  });
  await page.goto(`${world.address}/ui/#/${pages[4]}`);
  await page.getByRole("button", { name: "Older waits" }).click();
  await page.getByRole("alert").filter({ hasText: "503" }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Older waits" }).isEnabled());
  assert.deepEqual(faults, []);
});

test("a tab that nobody looks at keeps no connection, and goes on when it is looked at", async () => {
  const { page, faults } = await look(browser, world.address);
  await page.goto(`${world.address}/ui/#/fleet`);
  await stands(page, "live");
  const seen = (hidden: boolean) => page.evaluate((to) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: to });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  const ended = page.waitForEvent("requestfailed", (r) => r.url().endsWith("/api/v1/events"));
  await seen(true);
  await ended;
  const begun = page.waitForRequest(/\/api\/v1\/events$/);
  await seen(false);
  await begun;
  await stands(page, "live");
  assert.deepEqual(faults, []);
});

test("one network and one device have titles of their own, and the slider follows the address", async () => {
  const { page } = await look(browser, world.address);
  await page.goto(`${world.address}/ui/#/networks/carrier-east`);
  await page.getByRole("heading", { name: "Network carrier-east", level: 1 }).waitFor();
  await page.goto(`${world.address}/ui/#/devices/${await idOf(world.address, "user7@")}`);
  await page.waitForFunction(() => document.title.includes("ApplDNPQ"));
  await page.goto(`${world.address}/ui/#/what-if?minutes=10`);
  await page.getByText("10 min", { exact: true }).waitFor();
  await page.goto(`${world.address}/ui/#/what-if?minutes=20`);
  await page.getByText("20 min", { exact: true }).waitFor();
});
