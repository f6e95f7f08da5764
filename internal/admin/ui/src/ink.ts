// The colours of the page for what is drawn on a canvas, where style sheets do not reach.
import { signal } from "@preact/signals";

export interface Ink { text: string; dim: string; card: string; rule: string; accent: string; good: string; calm: string; warn: string; bad: string; plain: string; font: string }

export function ink(): Ink {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("text"), dim: of("dim"), card: of("card"), rule: of("rule"), accent: of("accent"), good: of("good"),
    calm: of("calm"), warn: of("warn"), bad: of("bad"), plain: of("plain"), font: `12px ${of("font")}`,
  };
}

export type Theme = "auto" | "light" | "dark";
const key = "diastole.theme";

export const theme = signal<Theme>("auto");
/** Grows when colours have changed, by the switch or by the system: charts are drawn anew then. */
export const repaint = signal(0);

/** Which of light and dark holds is said on the root, so that the sheet and the charts agree. */
function apply(): void {
  const dark = theme.value === "dark" || (theme.value === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  repaint.value++;
}

export function dress(): void {
  const kept = localStorage.getItem(key);
  theme.value = kept === "light" || kept === "dark" ? kept : "auto";
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

export function choose(next: Theme): void {
  theme.value = next;
  localStorage.setItem(key, next);
  apply();
}
