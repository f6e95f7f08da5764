import assert from "node:assert/strict";
import test from "node:test";
import { href, parse } from "../src/route";

test("a place comes back from its address as it was", () => {
  for (const [page, name, query] of [
    ["networks", "203.0.113.0/24", { http: "2" }],
    ["networks", "a name, with ? and # and 100 %", {}],
    ["devices", "", { q: "anna@example.com & co", sort: "asked", order: "desc" }],
    ["what-if", "", { minutes: "30", network: "2001:db8::/48" }],
  ] as const) assert.deepEqual(parse(href(page, name, query)), { page, name, query });
});

test("without a place the fleet is shown, and with one that makes no sense too", () => {
  for (const hash of ["", "#", "#/", "#/networks/%E0%A4%A"]) assert.equal(parse(hash).page, "fleet", hash);
});

test("what says nothing is left out of the address", () => {
  assert.equal(href("devices", "", { q: "", offset: 0, sort: "user" }), "#/devices?sort=user");
});
