// Decisions: which rule decided how often, and lately for whom.
import type { Decided, DecisionsPage, RuleCount } from "../api";
import { api } from "../client";
import { useLoad } from "../load";
import { fleet } from "../live";
import { deed } from "../outcome";
import { href, place, refine } from "../route";
import { Empty, Shown } from "../states";
import { Mark } from "../strip";
import { Pager, Search, Table, type Column } from "../table";
import { age, clock, count, date, duration, durationOr, plain, short } from "../words";

const rules: Column<RuleCount>[] = [
  { title: "Rule", cell: (r) => <button type="button" class="plain" onClick={() => refine({ rule: r.rule, offset: 0 })}>{r.rule}</button> },
  { title: "Waits", number: true, cell: (r) => count(r.waits) },
  { title: "Lowered", number: true, cell: (r) => count(r.lowered) },
  { title: "Would be", number: true, cell: (r) => count(r.would) },
  { title: "Denied", number: true, cell: (r) => count(r.denied) },
  { title: "Last", wide: true, cell: (r) => age(r.last, fleet.value ? Date.parse(fleet.value.now) : Date.now()) },
];

const columns: Column<Decided>[] = [
  { title: "When", cell: (d) => <time class="nowrap" dateTime={d.when}>{clock(d.when)}</time> },
  { title: "Device", cell: (d) => <a href={href("devices", d.id)} title={plain(`${d.user} ${d.device}`)}>{short(d.user, 16)} <span class="dim">{short(d.device, 14)}</span></a> },
  { title: "Network", wide: true, cell: (d) => <a href={href("networks", d.network, { http: d.http })}>{d.network}</a> },
  { title: "Rule", cell: (d) => d.rule },
  { title: "Decided", cell: (d) => <Mark of={deed(d.what)} /> },
  { title: "Asked", number: true, cell: (d) => durationOr(d.asked_seconds) },
  { title: "Given", number: true, cell: (d) => durationOr(d.given_seconds) },
  { title: "Why", cell: (d) => <span class="why">{why(d)}</span> },
];

/** One decision in words. */
export function why(d: Decided): string {
  const advice = d.advice_seconds > 0 ? `, the network's advice is ${duration(d.advice_seconds)}` : "";
  switch (d.what) {
    case "denied": return `rule ${d.rule} denies it`;
    case "lowered": return `kept at ${duration(d.given_seconds)}${advice}`;
    case "observed": return `would get ${durationOr(d.would_seconds)}; only observed${advice}`;
    default: return `no more than is allowed${advice}`;
  }
}

export function DecisionsPage() {
  const { q = "", rule = "", offset = "" } = place.value.query;
  const loaded = useLoad<DecisionsPage>(api("decisions", { q, rule, offset, limit: 50 }));
  return (
    <Shown of={loaded}>
      {(page) => (
        <>
          <section class="card">
            <h2>Rules since {date(page.since)}</h2>
            {page.rules.length === 0 ? <Empty>No rule has decided anything yet.</Empty> : <Table label="Rules" columns={rules} items={page.rules} keyOf={(r) => r.rule} />}
          </section>
          <div class="tools">
            <Search label="Search users, devices, types" />
            {rule && <button type="button" onClick={() => refine({ rule: "", offset: 0 })}>Only rule {rule} <span aria-hidden="true">×</span><span class="unseen">: show all rules</span></button>}
          </div>
          <section class="card">
            <h2>The last decisions</h2>
            {page.recent.length === 0 ? <Empty>{q || rule ? "Nothing like that among the last 512." : "Nobody has asked yet."}</Empty>
              : <Table label="Decisions" columns={columns} items={page.recent} keyOf={(_, i) => String(i)} />}
            <Pager page={page} of="decisions" />
          </section>
        </>
      )}
    </Shown>
  );
}
