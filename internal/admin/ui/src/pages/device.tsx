// One device through time, and what is decided about it.
import { useEffect, useState } from "preact/hooks";
import type { DeviceDetail, PastWait } from "../api";
import { api, ask, asFailure, type Failure } from "../client";
import { useLoad } from "../load";
import { fate, proven } from "../outcome";
import { href, place } from "../route";
import { Empty, Failed, Shown } from "../states";
import { Mark, Strip } from "../strip";
import { changes, joined } from "../timeline";
import { TimelinePlot } from "../timeline-plot";
import { date, duration, durationOr, plain, short } from "../words";

export function DevicePage() {
  const loaded = useLoad<DeviceDetail>(api(`devices/${encodeURIComponent(place.value.name)}`));
  return (
    <>
      <Shown of={loaded}>{(d) => <Device key={d.id} of={d} />}</Shown>
      {loaded.failure?.status === 404 && <p><a class="button" href={href("devices")}>Find it among the devices</a></p>}
    </>
  );
}

function Device({ of }: { of: DeviceDetail }) {
  const [older, setOlder] = useState<{ past: PastWait[]; before: string } | undefined>(undefined);
  const past = joined(of.past, older?.past ?? []);
  const before = older ? older.before : of.before;
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const more = async () => {
    try {
      const page = await ask<DeviceDetail>(api(`devices/${of.id}`, { before }), new AbortController().signal);
      setOlder({ past: [...past, ...page.past], before: page.before });
      setFailure(undefined);
    } catch (cause) {
      setFailure(asFailure(cause));
    }
  };
  // Whoever has many tabs open finds this one by it, and a screen reader says it.
  useEffect(() => { document.title = `${short(of.user)} ${short(of.device)} – diastole`; }, [of.user, of.device]);
  return (
    <>
      <p class="crumbs"><a href={href("devices")}>Devices</a> / <span class="name">{plain(of.user)}</span> / {plain(of.device)} <span class="dim">{plain(of.device_type)}</span></p>
      <section class="card">
        <h2>Waits through time</h2>
        <p class="key"><span class="line warn dashed" aria-hidden="true" /> asked <span class="line calm" aria-hidden="true" /> given; each mark is a wait at the height of how long it was held</p>
        {past.length > 0 ? <TimelinePlot past={past} advice={of.advice_seconds} /> : <Empty>No wait of it has ended yet.</Empty>}
        <p>Last waits <Strip waits={of.waits} /></p>
      </section>
      <Facts of={of} />
      <Changes past={past} />
      <History past={past} />
      {failure && <Failed of={failure} />}
      {before && <p><button type="button" onClick={() => void more()}>Older waits</button></p>}
    </>
  );
}

function Facts({ of }: { of: DeviceDetail }) {
  const d = of.decision;
  return (
    <dl class="facts card">
      <div><dt>Search</dt><dd>{of.state}{of.deaf && ", deaf: told a limit, it asked for more again"}</dd></div>
      <div><dt>Ladder</dt><dd>{of.ladder || "nothing explains it yet"}</dd></div>
      <div><dt>Asks, is given</dt><dd>{durationOr(of.asked_seconds)}, {durationOr(of.given_seconds)}</dd></div>
      <div><dt>Last that worked</dt><dd>{durationOr(of.last_good_seconds, "none known")}</dd></div>
      <div><dt>Network</dt><dd><a href={href("networks", of.network, { http: of.http })}>{of.network}</a>, advice {durationOr(of.advice_seconds, "none")}</dd></div>
      <div><dt>Rule</dt><dd><a href={href("decisions", "", { rule: d.rule })}>{d.rule}</a>{d.deny ? ": denied" : `: ${d.mode}, learn ${d.learn}`}</dd></div>
      <div><dt>Kept at</dt><dd>{d.kept_seconds > 0 ? `${duration(d.kept_seconds)}, answered ${d.clamp === "early" ? "early" : "with the limit"}` : d.would_seconds > 0 ? `as asked; enforced: ${duration(d.would_seconds)}` : "as asked"}</dd></div>
      <div><dt>Limit, margin</dt><dd>{durationOr(d.max_seconds, "not known")}, {duration(d.margin_seconds)}</dd></div>
    </dl>
  );
}

function Changes({ past }: { past: PastWait[] }) {
  const all = changes(past);
  if (all.length === 0) return null;
  return (
    <section class="card">
      <h2>Roamed and ruled</h2>
      <ul class="feed">{all.slice(0, 20).map((c) => <li key={c.ended + c.text}><time dateTime={c.ended}>{date(c.ended)}</time> <span>{c.text}</span></li>)}</ul>
    </section>
  );
}

function History({ past }: { past: PastWait[] }) {
  return (
    <details class="card" open>
      <summary>Its waits as a table</summary>
      <div class="scroll" role="region" aria-label="Waits" tabIndex={0}>
        <table>
          <thead><tr><th scope="col">Ended</th><th scope="col">Kind</th><th scope="col" class="number">Asked</th><th scope="col" class="number">Given</th><th scope="col" class="number">Held</th><th scope="col">Outcome</th><th scope="col">Delivery</th><th scope="col" class="wide">Network</th><th scope="col" class="wide">Rule</th></tr></thead>
          <tbody>
            {past.map((w) => (
              <tr key={w.ended + w.kind + w.held_seconds}>
                <td class="nowrap">{date(w.ended)}</td><td>{w.kind || "–"}</td><td class="number">{durationOr(w.asked_seconds)}</td><td class="number">{durationOr(w.given_seconds)}</td><td class="number">{duration(w.held_seconds)}</td>
                <td><Mark of={fate(w)} /></td><td><Mark of={proven(w.proof)} /></td><td class="wide">{w.network}</td><td class="wide">{w.rule || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
