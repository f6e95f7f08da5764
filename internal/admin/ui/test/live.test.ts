import assert from "node:assert/strict";
import test from "node:test";
import { fleet, hear, history, interrupt, news, pause, paused, recent } from "../src/live";

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;

function tick(second: number, held: number): void {
  hear({ event: "fleet", data: JSON.stringify({ now: at(second), held: { total: held }, upstream: { waits: 0 } }) });
}

test("the fleet is the last that was told, and its history grows by seconds", () => {
  tick(1, 5);
  tick(2, 7);
  tick(2, 7); // a new stream begins with the second that the old one ended with
  assert.equal(fleet.value?.held.total, 7);
  assert.deepEqual(history.value.map((p) => p.held), [5, 7]);
});

test("only the youngest waits are kept, each is news, and what is not known is passed over", () => {
  const before = news.value;
  for (let i = 0; i < 40; i++) hear({ event: "wait", data: JSON.stringify({ id: String(i) }) });
  hear({ event: "weather", data: "not even JSON" });
  assert.equal(recent.value.length, 12);
  assert.equal(recent.value[0]?.id, "39");
  assert.equal(news.value - before, 40);
});

test("what is paused holds still", () => {
  paused.value = true;
  tick(9, 99);
  hear({ event: "wait", data: "{}" });
  paused.value = false;
  assert.equal(fleet.value?.held.total, 7);
  assert.equal(recent.value[0]?.id, "39");
});

test("pages come back later and later, never all at once, never later than 15 s", () => {
  assert.equal(pause(0, 0), 250);
  assert.equal(pause(0, 1), 500);
  assert.ok(pause(5, 0.5) > pause(2, 0.5));
  assert.ok(pause(1000, 1) <= 15_000);
});

test("where nobody listened there is a gap, and one only", () => {
  tick(20, 3);
  interrupt();
  interrupt();
  tick(40, 4);
  assert.deepEqual(history.value.slice(-3).map((p) => p.held), [3, null, 4]);
  const moments = history.value.map((p) => p.at);
  assert.deepEqual(moments, moments.toSorted((a, b) => a - b));
});
