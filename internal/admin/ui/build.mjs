// Builds the dashboard: `node build.mjs` fills dist/ for go:embed, `node build.mjs test`
// and `... browser` turn the tests into what node runs, since node 20 reads no TypeScript.
import { build } from "esbuild";
import { copyFile, readFile, readdir, rm, stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";

// The whole dashboard must not be more than this, compressed: it lies in the program
// and comes over the slowest link that an administrator has.
const mostKiB = 150;

const shared = { bundle: true, jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" };

async function bundle() {
  await build({
    ...shared,
    entryPoints: { app: "src/main.tsx" },
    outdir: "dist",
    format: "esm",
    target: ["es2022"],
    minify: true,
    legalComments: "eof", // the licences of what is bundled travel with it
  });
  for (const name of ["index.html", "icon.svg"]) await copyFile(`src/${name}`, `dist/${name}`);
  let total = 0;
  for (const name of ["index.html", "icon.svg", "app.js", "app.css"]) {
    const bytes = gzipSync(await readFile(`dist/${name}`)).length;
    total += bytes;
    console.log(`${name.padEnd(10)} ${((await stat(`dist/${name}`)).size / 1024).toFixed(1).padStart(6)} KiB, ${(bytes / 1024).toFixed(1)} KiB by gzip`);
  }
  console.log(`dashboard: ${(total / 1024).toFixed(1)} KiB by gzip of ${mostKiB} at most`);
  if (total > mostKiB * 1024) throw new Error(`the dashboard is larger than ${mostKiB} KiB by gzip`);
}

async function tests(dir) {
  await rm(`.built/${dir}`, { recursive: true, force: true });
  const names = (await readdir(dir)).filter((name) => name.endsWith(".test.ts") || name === "pictures.ts");
  await build({
    ...shared,
    entryPoints: names.map((name) => `${dir}/${name}`),
    outdir: `.built/${dir}`,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    packages: "external",
    sourcemap: "inline",
  });
}

const what = process.argv[2];
await (what ? tests(what) : bundle());
