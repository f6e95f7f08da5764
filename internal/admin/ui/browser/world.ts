// What the browser tests look at: the real program with the phones of its demo, and a
// large fleet served by a test of the Go package. Both end with the tests.
import { spawn, execFileSync, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { DevicesPage } from "../src/api";

const root = resolve("../../..");

export interface World {
  address: string;
  end: () => void;
  /** Holds the process still, as a stream is that has died on the way, or lets it go on. */
  still: (on: boolean) => void;
}

/** Reads lines of a process until one says the address. */
async function addressOf(process: ChildProcess, said: RegExp): Promise<string> {
  for await (const line of createInterface({ input: process.stdout! })) {
    const found = said.exec(line);
    if (found?.[1]) {
      process.stdout!.resume(); // a full pipe would stop it
      return found[1];
    }
  }
  throw new Error("it ended without saying its address");
}

function world(address: string, process: ChildProcess): World {
  return {
    address,
    end: () => { process.stdin?.end(); process.kill("SIGCONT"); process.kill("SIGTERM"); },
    still: (on) => { process.kill(on ? "SIGSTOP" : "SIGCONT"); },
  };
}

/** The program with phones, firewalls and a mail server in memory, to which a mail comes so often. */
export async function demo(port: number, mail = "1s"): Promise<World> {
  const binary = process.env["DIASTOLE_BINARY"] ?? join(root, "bin/diastole");
  const program = spawn(binary, ["demo", "--admin", `127.0.0.1:${port}`, "--mail", mail], { stdio: ["pipe", "ignore", "inherit"] });
  const address = `http://127.0.0.1:${port}`;
  for (;;) {
    if (program.exitCode !== null) throw new Error(`${binary} demo ended`);
    if (await fetch(`${address}/readyz`).then((r) => r.ok, () => false)) return world(address, program);
    await new Promise((done) => setTimeout(done, 50));
  }
}

let compiled: string | undefined;

/** So many devices on 503 networks, behind a token if one is given; users are hashed, as by default, or plain. */
export async function crowd(devices: number, { token = "", users = "hashed" } = {}): Promise<World> {
  if (!compiled) {
    compiled = join(mkdtempSync(join(tmpdir(), "diastole-browser-")), "admin.test");
    execFileSync("go", ["test", "-c", "-o", compiled, "./internal/admin"], { cwd: root, stdio: "inherit" });
  }
  const server = spawn(compiled, ["-test.run", "^TestAFleetForTheBrowser$", "-test.timeout", "10m"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, DIASTOLE_BROWSER_FLEET: String(devices), DIASTOLE_BROWSER_TOKEN: token, DIASTOLE_BROWSER_USERS: users },
  });
  return world(await addressOf(server, /^serving (\S+)/), server);
}

/** The id of a device of that user. */
export async function idOf(address: string, user: string): Promise<string> {
  const { devices } = (await (await fetch(`${address}/api/v1/devices?q=${user}`)).json()) as DevicesPage;
  return devices[0]!.id;
}
