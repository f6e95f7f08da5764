// Takes the pictures of docs/dashboard.md, of a made-up fleet: `npm run pictures`.
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { launch, look } from "./look";
import { crowd, idOf } from "./world";

const to = resolve("../../../docs/images");
const pictures: { name: string; place: string; seen: string; dark?: boolean; width?: number }[] = [
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

mkdirSync(to, { recursive: true });
const world = await crowd(5_000, { users: "plain" }), browser = await launch();
const device = await idOf(world.address, "user4096@");
for (const p of pictures) {
  const { page } = await look(browser, world.address, { ...(p.dark ? { dark: true } : {}), ...(p.width ? { width: p.width } : {}) });
  await page.goto(`${world.address}/ui/#/${p.place || `devices/${device}`}`);
  await page.getByText(p.seen).first().waitFor();
  await page.waitForTimeout(p.place === "fleet" ? 20_000 : 1_000); // the chart wants some seconds of life
  await page.screenshot({ path: `${to}/dashboard-${p.name}.png` });
  await page.context().close();
}
await browser.close();
world.end();
