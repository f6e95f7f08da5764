// Networks: what each was seen to survive, and what would be told to phones there.
import type { Network, NetworksPage } from "../api";
import { api } from "../client";
import { interval, limited } from "../curve";
import { useLoad } from "../load";
import { href, place } from "../route";
import { Empty, Shown } from "../states";
import { Pager, Search, Table, type Column } from "../table";
import { count, duration, durationOr } from "../words";

const columns: Column<Network>[] = [
  { title: "Network", sort: "name", cell: (n) => <a href={href("networks", n.name, { http: n.http })}>{n.name}{n.http === 2 && <span class="tag">HTTP/2</span>}</a> },
  { title: "Survived", sort: "survived", number: true, wide: true, cell: (n) => count(n.survived) },
  { title: "Died", sort: "died", number: true, cell: (n) => count(n.died) },
  { title: "Devices", sort: "devices_died", number: true, wide: true, cell: (n) => count(n.devices_died) },
  { title: "Limit", sort: "limit", number: true, cell: (n) => (limited(n) ? interval(n) : <span class="dim">none seen</span>) },
  { title: "Advice", sort: "advice", number: true, cell: (n) => durationOr(n.advice_seconds) },
  { title: "Kept at", number: true, cell: (n) => kept(n) },
  { title: "Mean asked", sort: "asked_mean", number: true, wide: true, cell: (n) => durationOr(n.asked_mean_seconds) },
  { title: "Event 1040", cell: (n) => (n.event_1040 ? <span class="mark warn"><span aria-hidden="true">⚠</span> would warn</span> : <span class="dim">no</span>) },
];

export function kept(n: Network) {
  if (n.kept_seconds > 0) return duration(n.kept_seconds);
  if (n.would_seconds > 0) return <span class="dim" title="only observed">({duration(n.would_seconds)})</span>;
  return <span class="dim">as asked</span>;
}

export function NetworksPage() {
  const { q = "", sort = "", order = "", offset = "" } = place.value.query;
  const loaded = useLoad<NetworksPage>(api("networks", { q, sort, order, offset, limit: 50 }));
  return (
    <>
      <div class="tools"><Search label="Search networks" /></div>
      <Shown of={loaded}>
        {(page) => (
          <section class="card">
            {page.networks.length === 0
              ? <Empty>{q ? `No network has “${q}” in its name.` : "No network is known yet: the first wait that ends makes one."}</Empty>
              : <Table label="Networks" columns={columns} items={page.networks} keyOf={(n) => `${n.name} ${n.http}`} />}
            <Pager page={page} of="networks" />
          </section>
        )}
      </Shown>
    </>
  );
}
