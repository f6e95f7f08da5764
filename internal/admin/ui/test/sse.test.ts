import assert from "node:assert/strict";
import test from "node:test";
import { Parser, type Message } from "../src/sse";

const stream = 'event: fleet\ndata: {"a":1}\n\n: still here\n\nevent: wait\r\ndata: one\r\ndata: two\r\n\r\ndata:bare\n\n';
const want: Message[] = [
  { event: "fleet", data: '{"a":1}' },
  { event: "wait", data: "one\ntwo" },
  { event: "message", data: "bare" },
];

test("a stream gives the same messages wherever the network cuts it", () => {
  for (let size = 1; size <= stream.length; size++) {
    const parser = new Parser(), got: Message[] = [];
    for (let at = 0; at < stream.length; at += size) got.push(...parser.push(stream.slice(at, at + size)));
    assert.deepEqual(got, want, `pieces of ${size}`);
  }
});

test("an event that is not complete is not told", () => {
  const parser = new Parser();
  assert.deepEqual(parser.push("event: fleet\ndata: {"), []);
  assert.deepEqual(parser.push("}\n"), []);
  assert.deepEqual(parser.push("\n"), [{ event: "fleet", data: "{}" }]);
});

test("an event without data is none, and its name does not pass to the next", () => {
  assert.deepEqual(new Parser().push("event: wait\n\ndata: x\n\n"), [{ event: "message", data: "x" }]);
});

test("a line without end does not fill the memory", () => {
  const parser = new Parser();
  assert.throws(() => { for (let i = 0; i < 30; i++) parser.push("x".repeat(1 << 16)); }, /without end/);
});
