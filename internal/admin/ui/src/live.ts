// What comes by itself: the fleet each second, waits as they begin and end. One stream for
// the whole page, since the listener has 32 seats for all who look.
import { signal } from "@preact/signals";
import type { Fleet, WaitEvent } from "./api";
import { api, locked, open } from "./client";
import { Parser, type Message } from "./sse";

export type Link = "connecting" | "live" | "lost";

export const link = signal<Link>("connecting");
export const fleet = signal<Fleet | undefined>(undefined);
/** A wait as it was heard of; two of one device may come in the same second. */
export type Heard = WaitEvent & { serial: number };
/** The youngest first. */
export const recent = signal<Heard[]>([]);
/** How many waits were held, second by second, the oldest first; null where nobody listened. */
export const history = signal<{ at: number; held: number | null; upstream: number | null }[]>([]);
/** Whoever reads a list wants it to hold still (WCAG 2.2.2). */
export const paused = signal(false);
/** Grows with whatever happened that a list may show. */
export const news = signal(0);

const mostRecent = 12;
/** Ten minutes of the reader's time. */
export const mostHistory = 600;
/** A stream in which nothing comes for so long has died in silence: the fleet comes each second. */
const silence = 10_000;
/** A tab that nobody looks at lets its stream go after so long: over HTTP/1 a browser keeps six
 * connections to one address, for all its tabs, and the seventh would wait for ever. */
const unseen = 3_000;

export function hear(message: Message): void {
  if (paused.value) return;
  if (message.event === "fleet") {
    const now = JSON.parse(message.data) as Fleet;
    fleet.value = now;
    const point = { at: Date.parse(now.now) / 1000, held: now.held.total, upstream: now.upstream.waits };
    if (point.at > (history.value.at(-1)?.at ?? 0)) history.value = [...history.value, point].slice(-mostHistory);
  }
  if (message.event === "wait") {
    news.value++;
    const heard = { ...(JSON.parse(message.data) as WaitEvent), serial: news.value };
    recent.value = [heard, ...recent.value].slice(0, mostRecent);
  }
}

/** Marks that what follows was not listened to: no line is drawn over it. */
export function interrupt(): void {
  const last = history.value.at(-1);
  if (last && last.held !== null) history.value = [...history.value, { at: last.at + 0.001, held: null, upstream: null }];
}

/** Reads one stream until it ends, falls silent, or nobody looks any more. */
async function read(): Promise<void> {
  const gone = new AbortController();
  let left: ReturnType<typeof setTimeout> | undefined;
  const looked = () => {
    clearTimeout(left);
    if (document.hidden) left = setTimeout(() => gone.abort(), unseen);
  };
  document.addEventListener("visibilitychange", looked);
  looked();
  let timer = setTimeout(() => gone.abort(), silence);
  try {
    const response = await open(api("events"), gone.signal);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new Parser();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => gone.abort(), silence);
      link.value = "live";
      for (const message of parser.push(piece.value)) hear(message);
    }
  } finally {
    clearTimeout(timer);
    clearTimeout(left);
    document.removeEventListener("visibilitychange", looked);
    gone.abort();
  }
}

/** Waits until somebody looks at the tab. */
async function seen(): Promise<void> {
  while (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
}

/** How long to wait before the next try, so that many open pages do not come back at once. */
export function pause(tries: number, random: number): number {
  return Math.min(15_000, 500 * 2 ** Math.min(tries, 6)) * (0.5 + random / 2);
}

/** Listens for as long as the page lives. */
export async function listen(): Promise<never> {
  for (let tries = 0; ; tries++) {
    try {
      await read();
    } catch {
      // Said by the state of the link; what pages ask for says the reason in words.
    }
    if (link.value === "live") tries = 0;
    interrupt();
    if (document.hidden) {
      link.value = "connecting";
      await seen();
      continue;
    }
    link.value = "lost";
    await new Promise((done) => setTimeout(done, locked.value ? 500 : pause(tries, Math.random())));
    while (locked.value) await new Promise((done) => setTimeout(done, 300));
  }
}
