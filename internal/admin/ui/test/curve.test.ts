import assert from "node:assert/strict";
import test from "node:test";
import { interval, limited, lines, reach, stacked, survival, told } from "../src/curve";
import { network } from "./network";

test("the picture holds all that is known, and no more than an hour", () => {
  assert.ok(reach(network()) >= 810 * 1.2 && reach(network()) < 1200);
  assert.equal(reach(network({ policy: { mode: "enforce", learn: "off", firewall_idle_seconds: 3600, margin_seconds: 30 } })), 3600);
  assert.ok(reach(network({ evidence: [{ seconds: 2000, survived: true, when: "" }] })) >= 2000);
});

test("the curve begins with an instant that everybody survives", () => {
  const [x, y] = survival(network());
  assert.deepEqual([x[0], y[0], x.length, y.length], [0, 1, 121, 121]);
});

test("where nothing has died there is no limit to draw", () => {
  const n = network({ died: 0, limit_seconds: 3600, limit_high_seconds: 3600, advice_seconds: 0, kept_seconds: 0, would_seconds: 0, asked_mean_seconds: 0 });
  assert.equal(limited(n), false);
  assert.deepEqual(lines(n), []);
  assert.match(told(n), /No limit has shown/);
});

test("what is only observed is not drawn as kept", () => {
  assert.deepEqual(lines(network({ kept_seconds: 0 })).map((l) => l.name), ["learned limit", "advice", "would be kept", "mean asked"]);
  assert.deepEqual(lines(network()).map((l) => l.name), ["learned limit", "advice", "kept by policy", "mean asked"]);
});

test("waits of one length are stacked, and the dead apart from the living", () => {
  const when = "", evidence = [480, 481, 479, 900].map((seconds) => ({ seconds, survived: true, when }));
  const got = stacked(network({ evidence: [...evidence, { seconds: 480, survived: false, when }] }), 10);
  assert.deepEqual(got.map((e) => e.level), [0, 1, 2, 0, 0]);
});

test("an interval says its doubt", () => {
  assert.equal(interval(network()), "13m (13m to 13m30s)");
  assert.equal(interval(network({ limit_high_seconds: 3600 })), "13m (13m to any)");
  assert.equal(interval(network({ limit_seconds: 3600, limit_low_seconds: 1800 })), "above 30m");
});

test("the picture in words has the figures of the picture", () => {
  assert.match(told(network()), /412 waits were survived, 37 died .* on 9 devices\. The limit is believed to be 13m .* 10m 100 %, 15m 0 %.*advice 12m30s/);
});
