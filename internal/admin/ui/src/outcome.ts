// What each outcome of a wait means, as a word, a mark and a tone. The mark and the word
// say it to whoever cannot tell the colours apart.
import type { Outcome, Proof } from "./api";

export type Tone = "good" | "calm" | "warn" | "bad" | "plain";

export interface Meaning { word: string; mark: string; tone: Tone; says: string }

const meanings: Record<Outcome, Meaning> = {
  expired: { word: "nothing new", mark: "–", tone: "good", says: "the full interval passed, nothing was new" },
  changed: { word: "news", mark: "✓", tone: "calm", says: "the server had something new" },
  early: { word: "ended early", mark: "◂", tone: "plain", says: "nothing new, answered well before the interval was over" },
  refused: { word: "refused", mark: "↓", tone: "warn", says: "the server said no" },
  left: { word: "left", mark: "↷", tone: "plain", says: "the phone closed its connection" },
  reset: { word: "reset", mark: "!", tone: "warn", says: "the phone's connection was reset" },
  silent: { word: "no answer", mark: "✗", tone: "bad", says: "forgotten on the way: a newer wait came, its own connection gave no sign of life" },
  upstream: { word: "server failed", mark: "⚠", tone: "warn", says: "the server failed, or answered what nobody can read" },
  drained: { word: "drained", mark: "◦", tone: "plain", says: "ended by diastole, which was stopping" },
  unknown: { word: "unknown", mark: "?", tone: "plain", says: "nothing told how it ended" },
};

/** A version of the program that knows more outcomes than this page must not break it. */
export function meaning(outcome: Outcome | ""): Meaning {
  return meanings[outcome as Outcome] ?? { ...meanings.unknown, word: outcome || "unknown" };
}

const lost: Meaning = { word: "answer lost", mark: "✗", tone: "bad", says: "it was answered, and the answer never arrived: forgotten on the way" };

/** How a wait ended for its phone, as far as it is known: the server's answer is none that was lost on the way. */
export function fate(wait: { outcome: Outcome; proof: Proof }): Meaning {
  return wait.proof === "lost" && ["expired", "changed", "early"].includes(wait.outcome) ? lost : meaning(wait.outcome);
}

/** In the order in which bars show them: good ones first. */
export const outcomes = Object.keys(meanings) as Outcome[];

const proofs: Record<Proof, Meaning> = {
  confirmed: { word: "confirmed", mark: "✓✓", tone: "good", says: "its next request came on the same connection" },
  acked: { word: "acknowledged", mark: "✓", tone: "calm", says: "the phone's TCP acknowledged it" },
  lost: { word: "lost", mark: "✗", tone: "bad", says: "still not acknowledged after all tries" },
  unknown: { word: "unknown", mark: "?", tone: "plain", says: "nothing told whether it arrived" },
};

export function proven(proof: Proof): Meaning { return proofs[proof] ?? proofs.unknown; }

const deeds = {
  given: { word: "as asked", mark: "=", tone: "good", says: "it got what it asked" },
  lowered: { word: "lowered", mark: "↓", tone: "calm", says: "kept below what it asked" },
  observed: { word: "would be lowered", mark: "◌", tone: "warn", says: "only observed: enforced it would be lowered" },
  denied: { word: "denied", mark: "✗", tone: "bad", says: "refused by a rule" },
} satisfies Record<string, Meaning>;

export function deed(what: keyof typeof deeds): Meaning {
  return deeds[what] ?? { word: what, mark: "?", tone: "plain", says: "" };
}
