// Fleet: how many waits are held now, how they end, what the server is spared.
import { useMemo, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { Fleet, Window } from "../api";
import { Shares, type Part } from "../bars";
import { api } from "../client";
import { Histogram } from "../histogram";
import type { Ink } from "../ink";
import { useLoad } from "../load";
import { fleet, history, mostHistory, recent } from "../live";
import { meaning, outcomes } from "../outcome";
import { axis, Plot, timeAxis, type Options } from "../plot";
import { href } from "../route";
import { Empty, Loading, Shown } from "../states";
import { Mark } from "../strip";
import { clock, count, duration, figure, percent, short } from "../words";

export function FleetPage() {
  // The stream has it each second, but may have no seat for us.
  const loaded = useLoad<Fleet>(api("fleet"), false);
  return <Shown of={{ ...loaded, data: fleet.value ?? loaded.data }}>{(now) => <Now of={now} />}</Shown>;
}

function Now({ of: now }: { of: Fleet }) {
  return (
    <>
      {!now.ready && <p class="state failed" role="alert"><strong>No new phones should come:</strong> {now.unready}</p>}
      <Tiles of={now} />
      <section class="card">
        <h2>Waits held, the last {now.pace > 1 ? duration(mostHistory * now.pace) : "ten minutes"}</h2>
        <Held />
      </section>
      <Windows of={now.windows} pace={now.pace} />
      <Recent />
    </>
  );
}

function Tile({ title, value, children }: { title: string; value: string; children: string }) {
  return <div class="tile"><dt>{title}</dt><dd><strong>{value}</strong><span>{children}</span></dd></div>;
}

function Tiles({ of }: { of: Fleet }) {
  const day = of.windows.at(-1), lost = (day?.outcomes.silent ?? 0) + (day?.lost ?? 0);
  const down = of.sources.filter((s) => !s.up);
  return (
    <dl class="tiles">
      <Tile title="Held now" value={count(of.held.total)}>{`${count(of.held.ping)} Ping, ${count(of.held.sync)} Sync; ${count(of.held.edge)} here alone`}</Tile>
      <Tile title="The server has" value={count(of.upstream.waits)}>{`waits of us, ${count(of.upstream.checks)} checks, ${count(of.held.queued)} queued`}</Tile>
      <Tile title="Worker-hours saved" value={figure(of.saved.saved_hours)}>{`of ${figure(of.saved.held_hours)} hours held`}</Tile>
      <Tile title="No answer, 24 h" value={percent(lost / Math.max(1, day?.waits ?? 0))}>{`${count(lost)} of ${count(day?.waits ?? 0)} waits`}</Tile>
      <Tile title="Known" value={count(of.known.devices)}>{`devices on ${count(of.known.networks)} networks`}</Tile>
      <Tile title="Sources" value={of.sources.length === 0 ? "none" : down.length === 0 ? "all up" : `${down.length} down`}>
        {of.sources.length === 0 ? "the server is asked itself" : down.length ? down.map((s) => s.name).join(", ") : of.sources.map((s) => s.name).join(", ")}
      </Tile>
    </dl>
  );
}

function Held() {
  const points = history.value;
  const data = useMemo(() => [points.map((p) => p.at), points.map((p) => p.held), points.map((p) => p.upstream)] as uPlot.AlignedData, [points]);
  const last = points.findLast((p) => p.held !== null);
  if (!last || points.length < 2) return <Loading />;
  const options = (colours: Ink): Options => ({
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    legend: { show: false },
    padding: [10, 30, 0, 0],
    scales: { y: { range: (_u, _min, max) => [0, Math.max(4, Math.ceil(max * 1.2))] } },
    axes: [timeAxis(colours), axis(colours, { size: 56, incrs: [1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10000, 50000, 100000], values: (_, at) => at.map(count) })],
    series: [{}, { stroke: colours.accent, width: 2, fill: `color-mix(in srgb, ${colours.accent} 14%, transparent)`, points: { show: false } },
      { stroke: colours.warn, width: 1.5, dash: [5, 4], points: { show: false } }],
  });
  return (
    <>
      <p class="key"><span class="line accent" aria-hidden="true" /> held: {count(last.held ?? 0)} <span class="line warn dashed" aria-hidden="true" /> at the server: {count(last.upstream ?? 0)}</p>
      <Plot label={`Waits held now ${last.held}, of them at the server ${last.upstream}`} height={200} data={data} options={options} shape="held" />
    </>
  );
}

const spans: Record<number, string> = { 5: "5 minutes", 60: "hour", 1440: "day" };

function Windows({ of, pace }: { of: Window[]; pace: number }) {
  const [minutes, choose] = useState(0);
  // Of the shortest that is not over before one has looked at it.
  const chosen = of.find((w) => w.minutes === minutes) ?? of.find((w) => w.minutes >= 5 * pace) ?? of.at(-1);
  if (!chosen) return null;
  return (
    <section class="card">
      <div class="split">
        <h2>How waits ended</h2>
        <div class="choice" role="group" aria-label="Time span">
          {of.map((w) => <button key={w.minutes} type="button" aria-pressed={w === chosen} onClick={() => choose(w.minutes)}>{spans[w.minutes] ?? duration(w.minutes * 60)}</button>)}
        </div>
      </div>
      {chosen.waits === 0 ? <Empty>No wait ended in the last {spans[chosen.minutes]}.</Empty> : <Shares label="Outcomes" parts={partsOf(chosen)} />}
      {chosen.lost > 0 && <p><span class="mark bad"><span aria-hidden="true">✗</span> {count(chosen.lost)}</span> of the answers never arrived: on the way the connection was forgotten.</p>}
      <h2>Intervals asked and given</h2>
      <Histogram of={chosen.heartbeats} />
    </section>
  );
}

export function partsOf(w: Window): Part[] {
  return outcomes.map((o) => ({ ...meaning(o), name: meaning(o).word, count: w.outcomes[o] ?? 0 })).filter((p) => p.count > 0);
}

function Recent() {
  return (
    <section class="card">
      <h2>Happening now</h2>
      {recent.value.length === 0 ? <Empty>Nothing yet. Waits appear here as they begin and end.</Empty> : (
        <ol class="feed" aria-live="off">
          {recent.value.map((e) => (
            <li key={e.serial}>
              <time dateTime={e.when}>{clock(e.when)}</time>
              <a href={href("devices", e.id)}>{short(e.user, 16)} <span class="dim">{short(e.device, 14)}</span></a>
              <span>{e.happens === "begins" ? <>begins {e.kind} of {duration(e.given_seconds)}</> : e.happens === "denied" ? "denied" : <Mark of={meaning(e.outcome)} />}{e.happens === "ends" && ` after ${duration(e.held_seconds)}`}</span>
              <a class="dim" href={href("networks", e.network, { http: e.http })}>{e.network}</a>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
