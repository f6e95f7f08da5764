// Figures in words: durations as the configuration writes them, counts, ages.

/** 750 is "12m30s", 13 is "13s", 3600 is "1h": as diastole.yaml and the log write it. */
export function duration(seconds: number): string {
  let left = Math.round(seconds);
  if (left <= 0) return "0s";
  const hours = Math.floor(left / 3600);
  left -= hours * 3600;
  const minutes = Math.floor(left / 60);
  left -= minutes * 60;
  // Half an hour over a day needs no seconds.
  return (hours ? `${hours}h` : "") + (minutes ? `${minutes}m` : "") + (left && !hours ? `${left}s` : "");
}

/** A duration that may be unknown or without meaning, which the API writes as 0. */
export function durationOr(seconds: number, otherwise = "–"): string {
  return seconds > 0 ? duration(seconds) : otherwise;
}

const counts = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const shorts = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export function count(n: number): string { return counts.format(n); }

/** A measured figure, no finer than it is worth. */
export function figure(n: number): string { return Math.abs(n) >= 1000 ? counts.format(n) : shorts.format(n); }

export function percent(share: number): string {
  const percents = share * 100;
  if (percents > 0 && percents < 0.1) return "<0.1 %";
  return `${percents < 10 ? Math.round(percents * 10) / 10 : Math.round(percents)} %`;
}

/** How long ago, roughly; "now" below two seconds. Clocks that differ make no negative age. */
export function age(moment: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (!(seconds >= 2)) return "now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

const clocks = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hour12: false });

const minutes = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false });

/** Moments along an axis, in seconds, no finer than they lie apart. */
export function moments(at: number[]): string[] {
  const [first = 0, second = 0] = at, span = (at.at(-1) ?? 0) - first;
  const format = span > 20 * 3600 ? days : second - first < 60 ? clocks : minutes;
  return at.map((t) => format.format(new Date(t * 1000)));
}

export function clock(moment: string): string { return clocks.format(new Date(moment)); }
export function date(moment: string): string { return dates.format(new Date(moment)); }

/** A name with what has no form of its own spelled out: a phone that calls itself something with a
 * mark for right-to-left in it could otherwise pass for another (Unicode TR 36, 2.3). */
export function plain(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.codePointAt(0)!.toString(16).padStart(4, "0")}`);
}

/** Long names of devices and hashed users, cut in the middle where both ends tell them apart. */
export function short(whole: string, most = 22): string {
  const name = plain(whole);
  if (name.length <= most) return name;
  const tail = Math.floor((most - 1) / 3);
  return `${name.slice(0, most - 1 - tail)}…${name.slice(-tail)}`;
}

/** The API's words begin small and end open, as errors do that stand in others. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");
}
