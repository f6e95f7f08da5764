import assert from "node:assert/strict";
import test from "node:test";
import { verdict } from "../src/bars";
import { nameOf, trimmed } from "../src/histogram";
import { deed, meaning, outcomes, proven } from "../src/outcome";
import { height, told } from "../src/strip";
import { turned } from "../src/table";
import { changes, joined, series, tally } from "../src/timeline";
import type { PastWait } from "../src/api";

function wait(ended: string, change: Partial<PastWait> = {}): PastWait {
  return { ended, asked_seconds: 480, given_seconds: 480, held_seconds: 480, outcome: "expired", proof: "acked", kind: "ping", network: "a", http: 1, rule: "default", ...change };
}

test("no two outcomes have the same mark: colour alone tells nothing", () => {
  assert.equal(new Set(outcomes.map((o) => meaning(o).mark)).size, outcomes.length);
  assert.equal(new Set(outcomes.map((o) => meaning(o).word)).size, outcomes.length);
});

test("an outcome or a proof of a later version is shown by its name", () => {
  assert.equal(meaning("vanished" as "left").word, "vanished");
  assert.equal(meaning("").word, "unknown");
  assert.equal(proven("notarised" as "lost").word, "unknown");
  assert.equal(deed("doubled" as "given").word, "doubled");
});

test("a strip's cell has room for its mark however short the wait was", () => {
  assert.equal(height(0, 900), 46);
  assert.equal(height(900, 900), 100);
  assert.equal(height(0, 0), 46);
  assert.equal(told(wait("", { outcome: "silent", proof: "lost", held_seconds: 301 })), "no answer after 5m1s of 8m, delivery lost");
  // whatever the server said: its phone has not heard of it
  assert.equal(told(wait("", { outcome: "expired", proof: "lost", held_seconds: 480 })), "answer lost after 8m of 8m, delivery lost");
});

test("a click on a column sorts, turns, and lets go", () => {
  assert.deepEqual(turned("", "", "user", false), { sort: "user", order: "asc" });
  assert.deepEqual(turned("user", "asc", "user", false), { sort: "user", order: "desc" });
  assert.deepEqual(turned("user", "desc", "user", false), { sort: "", order: "" });
  assert.deepEqual(turned("user", "asc", "asked", true), { sort: "asked", order: "desc" });
});

test("a timeline's moments grow even where two waits ended at once, and what is not known is a gap", () => {
  const at = "2026-01-01T00:00:00Z";
  const s = series([wait(at, { asked_seconds: 0 }), wait(at), wait("2025-12-31T23:00:00Z")]);
  assert.ok(s.at[0]! < s.at[1]! && s.at[1]! < s.at[2]!);
  assert.deepEqual(s.asked, [480, 480, null]);
});

test("a device that roamed, and a rule that took over, are told", () => {
  const past = [wait("3", { network: "b", rule: "cap" }), wait("2", { network: "b" }), wait("1")];
  assert.deepEqual(changes(past).map((c) => c.text), ["rule cap decided instead of default", "came from b instead of a"]);
  assert.deepEqual(changes([]), []);
});

test("outcomes are counted, the most frequent first", () => {
  assert.deepEqual(tally([wait("1"), wait("2", { outcome: "silent" }), wait("3")]), [["nothing new", 2], ["no answer", 1]]);
});

test("less requests are better, less heartbeat is worse, and a hair's breadth is no change", () => {
  assert.deepEqual([verdict(100, 60, "less").tone, verdict(100, 60, "less").word], ["good", "40 % less"]);
  assert.equal(verdict(100, 60, "more").tone, "bad");
  assert.equal(verdict(100, 100.4, "more").word, "no change");
  assert.equal(verdict(0, 3, "less").word, "from nothing more");
  assert.equal(verdict(0, 0, "less").word, "no change");
});

test("a histogram leaves empty ends out and keeps gaps", () => {
  const all = [[60, 0], [120, 2], [300, 0], [480, 1], [0, 0]].map(([up = 0, n = 0]) => ({ up_to_seconds: up, asked: n, given: n }));
  assert.deepEqual(trimmed(all).map((c) => c.up_to_seconds), [120, 300, 480]);
  assert.deepEqual(trimmed(all.map((c) => ({ ...c, asked: 0, given: 0 }))), []);
  assert.equal(nameOf(all[4]!, all), "> 8m");
  assert.equal(nameOf(all[1]!, all), "≤ 2m");
});

test("no wait is lost between the youngest, which go on, and the older ones", () => {
  const at = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => wait(`2026-01-01T00:${String(from - i).padStart(2, "0")}:00.000Z`));
  const first = at(30, 21), older = [...joined(first, []), ...at(20, 11)];
  assert.deepEqual(joined(at(35, 26), older), at(35, 11));
  assert.deepEqual(joined([], []), []);
});
