// Devices: what each asks for, how its search goes, how its waits end.
import type { Device, DevicesPage } from "../api";
import { api } from "../client";
import { useLoad } from "../load";
import { fleet } from "../live";
import { proven } from "../outcome";
import { href, place, refine } from "../route";
import { Empty, Shown } from "../states";
import { Mark, Strip } from "../strip";
import { Pager, Search, Table, type Column } from "../table";
import { age, duration, durationOr, plain, short } from "../words";

/** How the delivery of the last answer is known. */
function proof(d: Device) {
  const last = d.waits[0];
  return last ? <Mark of={proven(last.proof)} /> : <span class="dim">–</span>;
}

/** What it asks, and what it was given where that is less. */
function asks(d: Device) {
  const asked = durationOr(d.asked_seconds);
  if (d.given_seconds === 0 || d.given_seconds >= d.asked_seconds) return asked;
  return <span title={`asked ${asked}, was given ${duration(d.given_seconds)}`}>{asked} <span class="dim">→ {duration(d.given_seconds)}</span></span>;
}

const columns: Column<Device>[] = [
  { title: "User", sort: "user", cell: (d) => <a href={href("devices", d.id)} title={plain(d.user)}>{short(d.user, 17)}</a> },
  { title: "Device", sort: "device", cell: (d) => <span class="nowrap" title={plain(`${d.device_type} ${d.device}`)}>{short(d.device, 12)} <span class="dim">{short(d.device_type, 12)}</span></span> },
  { title: "Network", sort: "network", wide: true, cell: (d) => <a href={href("networks", d.network, { http: d.http })}>{d.network}</a> },
  { title: "Ladder", sort: "ladder", wide: true, cell: (d) => d.ladder ? <span class="nowrap">{d.ladder}</span> : <span class="dim" title="nothing explains it yet">–</span> },
  { title: "Search", cell: (d) => <><span class="nowrap">{d.state}</span>{d.deaf && <span class="tag" title="told a limit, asked for more again">deaf</span>}</> },
  { title: "Asks", sort: "asked", number: true, cell: (d) => asks(d) },
  { title: "Last waits", cell: (d) => <Strip waits={d.waits} /> },
  { title: "Delivery", cell: proof },
  { title: "Seen", sort: "seen", wide: true, cell: (d) => <span class="nowrap">{age(d.seen, fleet.value ? Date.parse(fleet.value.now) : Date.now())}</span> },
];

export function DevicesPage() {
  const { q = "", sort = "", order = "", offset = "", network = "", http = "" } = place.value.query;
  const loaded = useLoad<DevicesPage>(api("devices", { q, sort, order, offset, network, http, limit: 50 }));
  return (
    <>
      <div class="tools">
        <Search label="Search users, devices, types" />
        {network && <button type="button" onClick={() => refine({ network: "", http: "", offset: 0 })}>Only {network} <span aria-hidden="true">×</span><span class="unseen">: show all networks</span></button>}
      </div>
      <Shown of={loaded}>
        {(page) => (
          <section class="card">
            {page.devices.length === 0
              ? <Empty>{q || network ? "No device is like that. A user's plain name finds a hashed one too." : "No device is known yet: the first phone that waits makes one."}</Empty>
              : <Table label="Devices" columns={columns} items={page.devices} keyOf={(d) => d.id} />}
            <Pager page={page} of="devices" />
          </section>
        )}
      </Shown>
    </>
  );
}
