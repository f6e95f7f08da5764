// What the picture of a network shows: pure figures, no drawing.
import type { Network, NetworkDetail } from "./api";
import { count, duration, percent } from "./words";

export interface Line { seconds: number; name: string; tone: "accent" | "good" | "warn" | "plain" | "calm" }

/** How far the picture goes: a quarter beyond all that is to be seen, an hour at most. */
export function reach(n: NetworkDetail): number {
  const shown = [300, n.limit_seconds < 3600 ? n.limit_high_seconds : 0, n.advice_seconds, n.kept_seconds, n.asked_mean_seconds,
    n.policy.firewall_idle_seconds, ...n.evidence.map((e) => e.seconds)];
  return Math.min(3600, Math.ceil((Math.max(...shown) * 1.25) / 60) * 60);
}

/** The curve begins at the beginning: an instant of silence is survived. */
export function survival(n: NetworkDetail): [number[], number[]] {
  return [[0, ...n.survival.map((p) => p.seconds)], [1, ...n.survival.map((p) => p.survival)]];
}

/** A limit of an hour is "any more": then there is none to draw. */
export function limited(n: Network): boolean { return n.limit_seconds > 0 && n.limit_seconds < 3600 && n.died > 0; }

export function lines(n: NetworkDetail): Line[] {
  const all: Line[] = [];
  if (limited(n)) all.push({ seconds: n.limit_seconds, name: "learned limit", tone: "accent" });
  if (n.advice_seconds > 0) all.push({ seconds: n.advice_seconds, name: "advice", tone: "good" });
  if (n.kept_seconds > 0) all.push({ seconds: n.kept_seconds, name: "kept by policy", tone: "calm" });
  else if (n.would_seconds > 0) all.push({ seconds: n.would_seconds, name: "would be kept", tone: "calm" });
  if (n.policy.firewall_idle_seconds > 0) all.push({ seconds: n.policy.firewall_idle_seconds, name: "firewall_idle", tone: "plain" });
  if (n.asked_mean_seconds > 0) all.push({ seconds: n.asked_mean_seconds, name: "mean asked", tone: "warn" });
  return all;
}

/** Evidence that falls on the same place is stacked, or ten waits of 8 minutes would look like one. */
export function stacked(n: NetworkDetail, step: number): { seconds: number; survived: boolean; level: number }[] {
  const levels = new Map<string, number>();
  return n.evidence.map((e) => {
    const at = `${e.survived} ${Math.round(e.seconds / step)}`;
    const level = levels.get(at) ?? 0;
    levels.set(at, level + 1);
    return { seconds: e.seconds, survived: e.survived, level };
  });
}

export function interval(n: { limit_seconds: number; limit_low_seconds: number; limit_high_seconds: number }): string {
  if (n.limit_seconds >= 3600) return `above ${duration(n.limit_low_seconds)}`;
  return `${duration(n.limit_seconds)} (${duration(n.limit_low_seconds)} to ${n.limit_high_seconds >= 3600 ? "any" : duration(n.limit_high_seconds)})`;
}

/** The picture in words, for whoever does not see it. */
export function told(n: NetworkDetail): string {
  const seen = `${count(n.survived)} waits were survived, ${count(n.died)} died in silence on ${count(n.devices_died)} devices.`;
  const belief = limited(n) ? `The limit is believed to be ${interval(n)}.` : "No limit has shown.";
  const at = [300, 600, 900, 1800].map((s) => `${duration(s)} ${percent(n.survival.find((p) => p.seconds >= s)?.survival ?? 1)}`);
  return `${seen} ${belief} Believed to survive: ${at.join(", ")}. ${lines(n).map((l) => `${l.name} ${duration(l.seconds)}`).join(", ")}.`;
}
