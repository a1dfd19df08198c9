// node scorm.mjs SITE OUT LESSON TITLE: packs the site, a page that speaks SCORM, and a manifest into a zip.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const [site, out, lesson, title] = process.argv.slice(2);
const { zipSync, strToU8 } = createRequire(`${process.env.KAFKASIM_TOOLS}/`)("fflate");
const here = join(dirname(fileURLToPath(import.meta.url)), "scorm");
const xml = (text) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

const files = {};
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  // The service worker would outlive the course, so it stays away.
  if (entry.isFile() && entry.name !== "sw.js") files[relative(site, path)] = readFileSync(path);
}
for (const name of ["scorm.html", "scorm.js"]) files[name] = readFileSync(join(here, name));
const listed = Object.keys(files).sort().map((name) => `      <file href="${xml(name)}"/>`).join("\n");
const manifest = readFileSync(join(here, "imsmanifest.xml"), "utf8")
  .replaceAll("LESSON", xml(lesson)).replaceAll("TITLE", xml(title)).replace("FILES", listed);
files["imsmanifest.xml"] = strToU8(manifest);
// One fixed date, so that the same site gives the same package.
writeFileSync(out, zipSync(files, { level: 9, mtime: new Date("2027-01-15T08:00:00Z") }));
console.log(`${out}: ${Object.keys(files).length} files, SCORM 1.2, lesson ${lesson}`);
