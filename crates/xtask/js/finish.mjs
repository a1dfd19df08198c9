// The last step of a released site: node finish.mjs SITE in.wasm first.wasm next.wasm open.wasm rest.wasm absent.bin
//
// The four modules take the place of in.wasm; what the first one imports gets short names, there and in its script, and its code
// is sorted (pack.mjs); scripts and styles lose their comments and blanks (esbuild), and the styles become one file. What was changed is named by what it
// holds, so that no cache ever gives out parts that do not fit.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pack } from "./pack.mjs";
import { SECTION, leb, parse, text, write } from "./wasm.mjs";

const [site, whole, firstFile, nextFile, openFile, restFile, absentFile] = process.argv.slice(2);
const path = (name) => join(site, name);
const read = (name) => readFileSync(path(name), "utf8");
const esbuild = (args, input) => execFileSync("esbuild", ["--minify", "--target=es2022", ...args],
  { input, encoding: "utf8", shell: process.platform === "win32" });
const minified = (code, loader) => esbuild([`--loader=${loader}`], code);
const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest("hex").slice(0, 16);

let page = read("index.html").replace(/ integrity="[^"]*"/g, "");
const glueName = page.match(/<meta name="kafkasim-engine" content="\.\/([^"]+)"/)[1];
const bootName = page.match(/<script src="\.\/(boot[^"]*)"/)[1];

// The modules and their script.
const [next, open, rest] = [nextFile, openFile, restFile].map((file) => readFileSync(file));
const { first: short, glue } = shortNames(readFileSync(firstFile), read(glueName));
const absent = Buffer.concat([Buffer.from(text("absent")), readFileSync(absentFile)]);
const first = Buffer.concat([short, Buffer.from([0, ...leb(absent.length)]), absent]);
rmSync(whole);
rmSync(path(glueName));
const named = hash(first, next, open, rest, glue), names = ["_bg.wasm", "_next.wasm", "_open.wasm", "_rest.wasm", ".js"].map((end) => `web-${named}${end}`);
const script = names[4];
writeFileSync(path(names[0]), pack(first));
writeFileSync(path(names[1]), pack(next));
writeFileSync(path(names[2]), pack(open));
writeFileSync(path(names[3]), pack(rest));
writeFileSync(path(script), minified(glue.replaceAll(basename(whole), names[0]), "js"));
page = page.replace(/ data-wasm="[^"]*"/, (given) => `${given} data-next="./${names[1]}" data-open="./${names[2]}" data-rest="./${names[3]}" data-sorted`)
  .replaceAll(basename(whole), names[0]).replaceAll(glueName, script);

// The other scripts. The loaders take in what they cannot start without.
const bundled = (name) => esbuild([path(name), "--bundle", "--format=esm", "--external:./host.js", "--external:./open.js", "--external:./fuzz.js"]);
const started = bundled(bootName), boot = `boot-${hash(started)}.js`;
writeFileSync(path(boot), started);
writeFileSync(path("inline.js"), bundled("inline.js"));
[bootName, "start.js", "unpack.js"].forEach((name) => rmSync(path(name)));
page = page.replaceAll(bootName, boot);
for (const name of readdirSync(site).filter((name) => name.endsWith(".js") && name !== script && name !== boot)) writeFileSync(path(name), minified(read(name), "js"));

// The styles, in the order of their links. Those of parts that an embedded page lacks, and of views that one opens, come by
// themselves (www/start.js asks for them).
const links = [...page.matchAll(/<link rel="stylesheet" href="\.\/([^"]+)"\/>\n/g)];
const kindOf = ([, name]) => ({ own: "own", views: "late" })[name.match(/^[a-z]+/)[0]] ?? "page";
const [styles, own, late] = ["page", "own", "late"].map((kind) => {
  const style = minified(links.filter((link) => kindOf(link) === kind).map(([, name]) => read(name)).join("\n"), "css");
  const file = `${kind}-${hash(style)}.css`;
  writeFileSync(path(file), style);
  return file;
});
links.forEach(([link, name], i) => {
  rmSync(path(name));
  page = page.replace(link, i ? "" : `<link rel="stylesheet" href="./${styles}"/>\n`);
});
page = page.replace(" data-sorted>", ` data-own="./${own}" data-late="./${late}" data-sorted>`);
writeFileSync(path("index.html"), page.replace(/\n{2,}/g, "\n"));

/** wasm-bindgen's names tell people what is imported, with a hash each; machines need only the same ones on both sides. */
function shortNames(bytes, script) {
  const { imports, sections } = parse(bytes);
  const from = new Set(imports.map((entry) => entry.from));
  if (from.size !== 1) throw new Error(`the module imports from ${[...from]}`);
  let glue = script.replaceAll(`"${[...from][0]}"`, '"a"');
  sections.set(SECTION.import, imports.map(({ name, type }, i) => {
    const short = `a${i.toString(36)}`, key = new RegExp(`^(\\s+)${name}: `, "m");
    if (!key.test(glue)) throw new Error(`${name} is not in the script`);
    glue = glue.replace(key, `$1${short}: `);
    return Buffer.from([...text("a"), ...text(short), 0, ...leb(type)]);
  }));
  return { first: write(sections), glue };
}
