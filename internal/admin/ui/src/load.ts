// Keeps what a page shows: asks, asks again when there is news, and keeps the old while the
// new is on its way, so that nothing flickers.
import { useEffect, useRef, useState } from "preact/hooks";
import { effect } from "@preact/signals";
import { ask, asFailure, locked, type Failure } from "./client";
import { link, news, paused } from "./live";

export interface Loaded<T> { data: T | undefined; failure: Failure | undefined; busy: boolean; again: () => void }

interface Change<T> { data?: T; failure?: Failure | undefined; busy: boolean }

/** How often news make a page ask again at most: a look at a large fleet costs the proxy a tenth of a second. */
const restless = 2_000;
/** How often it is asked without news, and after a failure. */
const idle = 15_000;
const failed = 5_000;

/** Loads an address; one that does not follow the news asks again in its own time only. */
export function useLoad<T>(path: string, follows = true): Loaded<T> {
  const [state, setState] = useState<Change<T> & { path: string }>({ path, busy: true });
  const again = useRef(() => {});
  useEffect(() => {
    const loop = new Loop<T>(path, follows, (change) => setState((old) => ({ ...old, ...change, path })));
    again.current = () => loop.now();
    return () => loop.end();
  }, [path]);
  return { data: state.data, failure: state.failure, busy: state.busy || state.path !== path, again: () => again.current() };
}

/** One address asked over and over until its page is left. */
class Loop<T> {
  private readonly gone = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = 0; // when the timer rings
  private asked = 0;
  private loaded = false;
  private readonly quiet: () => void;

  constructor(private readonly path: string, follows: boolean, private readonly show: (change: Change<T>) => void) {
    this.show({ busy: true });
    void this.turn();
    let first = true;
    this.quiet = effect(() => {
      void link.value; // a program that went or came back is news to all
      if (follows) void news.value;
      if (!first) this.in(Math.max(0, restless - (Date.now() - this.asked)));
      first = false;
    });
  }

  now(): void { this.in(0); }

  end(): void {
    this.quiet();
    clearTimeout(this.timer);
    this.gone.abort();
  }

  /** Asks after so long, unless that is to happen sooner anyway. A hidden tab asks when it is looked at again. */
  private in(delay: number): void {
    const due = Date.now() + delay;
    if (this.timer !== undefined && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => { this.timer = undefined; void this.turn(); }, delay);
  }

  private async turn(): Promise<void> {
    this.asked = Date.now();
    if (document.hidden || locked.value || (paused.value && this.loaded)) return this.in(1_000);
    try {
      const data = await ask<T>(this.path, this.gone.signal);
      this.loaded = true;
      this.show({ data, failure: undefined, busy: false });
      this.in(idle);
    } catch (cause) {
      if (this.gone.signal.aborted) return;
      this.show({ failure: asFailure(cause), busy: false });
      this.in(failed);
    }
  }
}
