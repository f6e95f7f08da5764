import assert from "node:assert/strict";
import test from "node:test";
import { age, duration, durationOr, figure, moments, percent, plain, short, sentence } from "../src/words";

test("a duration is written as the configuration writes it", () => {
  for (const [seconds, want] of [[0, "0s"], [13, "13s"], [59.6, "1m"], [60, "1m"], [750, "12m30s"], [3600, "1h"], [3599.7, "1h"], [5400, "1h30m"], [90061, "25h1m"], [-4, "0s"]] as const)
    assert.equal(duration(seconds), want, String(seconds));
});

test("what the API writes as 0 is shown as nothing known, not as no time", () => {
  assert.equal(durationOr(0), "–");
  assert.equal(durationOr(0, "none"), "none");
  assert.equal(durationOr(480), "8m");
});

test("an age is never negative, whatever the clocks of browser and server say", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  assert.equal(age("2026-01-02T00:05:00Z", now), "now");
  assert.equal(age("2026-01-01T23:59:30Z", now), "30 s ago");
  assert.equal(age("2026-01-01T23:30:00Z", now), "30 min ago");
  assert.equal(age("2026-01-01T12:00:00Z", now), "12 h ago");
  assert.equal(age("2025-12-20T00:00:00Z", now), "13 days ago");
  assert.equal(age("no moment", now), "now");
});

test("shares and figures are no finer than they are worth", () => {
  assert.equal(percent(0), "0 %");
  assert.equal(percent(0.0004), "<0.1 %");
  assert.equal(percent(0.0314), "3.1 %");
  assert.equal(percent(0.876), "88 %");
  assert.equal(figure(12345.6), "12,346");
  assert.equal(figure(1.2345), "1.23");
});

test("a long name keeps both ends, which tell names apart", () => {
  assert.equal(short("anna", 10), "anna");
  const cut = short("androidc1234567890abcdef", 12);
  assert.equal(cut.length, 12);
  assert.ok(cut.startsWith("androidc") && cut.endsWith("def"), cut);
});

test("moments along an axis are no finer than they lie apart", () => {
  const at = Date.parse("2026-01-02T10:00:00") / 1000;
  assert.deepEqual(moments([at, at + 30]).map((m) => m.length), [8, 8]);
  assert.deepEqual(moments([at, at + 600]).map((m) => m.length), [5, 5]);
  assert.match(moments([at, at + 86400])[0]!, /2/);
  assert.deepEqual(moments([]), []);
});

test("what the API says of a failure is a sentence, and one that is stays as it is", () => {
  assert.equal(sentence("the state cannot be read"), "The state cannot be read.");
  assert.equal(sentence("Is the program running?"), "Is the program running?");
});

test("what a phone calls itself cannot turn the letters around, or hide some", () => {
  assert.equal(plain("a\u202eevil"), "a\\u202eevil");
  assert.equal(short("anna\u200b\u0000"), "anna\\u200b\\u0000");
  assert.equal(plain("Zoë <b> 电话 😀"), "Zoë <b> 电话 😀");
});
