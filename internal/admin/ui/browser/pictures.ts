// Takes the pictures of docs/dashboard.md and README.md, of a made-up fleet and of the demo
// when it has learned what its firewalls allow: `npm run pictures`.
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import type { NetworksPage } from "../src/api";
import { launch, look } from "./look";
import { crowd, demo, idOf, type World } from "./world";

const to = resolve("../../../docs/images");
interface Picture { name: string; place: string; seen: string; dark?: boolean; width?: number }
const ofCrowd: Picture[] = [
  { name: "fleet", place: "fleet", seen: "How waits ended" },
  { name: "networks", place: "networks", seen: "carrier-east" },
  { name: "network", place: "networks/carrier-east", seen: "forgets a silent connection" },
  { name: "devices", place: "devices", seen: "devices" },
  { name: "device", place: "", seen: "Waits through time" },
  { name: "what-if", place: "what-if?network=carrier-east&minutes=30", seen: "Radio wakes a day" },
  { name: "decisions", place: "decisions", seen: "The last decisions" },
  { name: "fleet-dark", place: "fleet", seen: "How waits ended", dark: true },
  { name: "network-narrow", place: "networks/carrier-east", seen: "forgets a silent connection", width: 390, dark: true },
];

const ofDemo: Picture[] = [
  { name: "demo-network", place: "networks/carrier-west", seen: "forgets a silent connection" },
  { name: "demo-network-dark", place: "networks/guest-wifi", seen: "forgets a silent connection", dark: true },
  { name: "demo-device", place: "", seen: "Waits through time" },
  { name: "demo-narrow", place: "networks/carrier-east", seen: "forgets a silent connection", width: 390, dark: true },
];

mkdirSync(to, { recursive: true });
const browser = await launch();

async function take(world: World, device: string, pictures: Picture[]): Promise<void> {
  const id = await idOf(world.address, device);
  for (const p of pictures) {
    const { page } = await look(browser, world.address, { ...(p.dark ? { dark: true } : {}), ...(p.width ? { width: p.width } : {}) });
    await page.goto(`${world.address}/ui/#/${p.place || `devices/${id}`}`);
    await page.getByText(p.seen).first().waitFor();
    await page.waitForTimeout(p.place === "fleet" ? 20_000 : 1_000); // the chart wants some seconds of life
    await page.screenshot({ path: `${to}/dashboard-${p.name}.png` });
    await page.context().close();
  }
  world.end();
}

/** Waits until something is done about the limit of each network, and then for some more evidence of it. */
async function learned(world: World): Promise<void> {
  const page = async () => (await (await fetch(`${world.address}/api/v1/networks`)).json()) as NetworksPage;
  for (let now = await page(); now.networks.length < 3 || now.networks.some((n) => n.kept_seconds === 0); now = await page()) await new Promise((done) => setTimeout(done, 1_000));
  await new Promise((done) => setTimeout(done, 90_000));
}

const only = process.argv[2] ?? "";
if (only !== "demo") await take(await crowd(5_000, { users: "plain" }), "user4096@", ofCrowd);
if (only !== "crowd") {
  const world = await demo(19_183, "5s");
  await learned(world);
  await take(world, "demojan", ofDemo);
}
await browser.close();
