// What is shown where there is nothing to show: on the way, failed, empty.
import type { ComponentChildren } from "preact";
import type { Failure } from "./client";
import type { Loaded } from "./load";
import { sentence } from "./words";

export function Loading() {
  return <p class="state" role="status"><span class="pulse" aria-hidden="true" /> Loading…</p>;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="state">{children}</p>;
}

export function Failed({ of, children }: { of: Failure; children?: ComponentChildren }) {
  return <div class="state failed" role="alert"><strong>{sentence(of.message)}</strong> {sentence(of.remedy)}{children}</div>;
}

/** Shows what was loaded; a failure stands above the last that is known, which is better than nothing. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  return (
    <div aria-busy={of.busy}>
      {of.failure && <Failed of={of.failure}> <button type="button" onClick={of.again}>Try again</button></Failed>}
      {of.data !== undefined ? children(of.data) : !of.failure && <Loading />}
    </div>
  );
}
