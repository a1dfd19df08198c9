// node course.mjs KIND SITE OUT LESSON TITLE: packs the site, a page that speaks with the platform, and a manifest into a zip.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const KINDS = {
  scorm: { name: "SCORM 1.2", pages: ["scorm.html", "scorm.js"], manifest: "imsmanifest.xml" },
  cmi5: { name: "cmi5", pages: ["cmi5.html", "cmi5.js"], manifest: "cmi5.xml" },
};
const [kind, site, out, lesson, title] = process.argv.slice(2);
const { name, pages, manifest } = KINDS[kind];
const { zipSync, strToU8 } = createRequire(`${process.env.KAFKASIM_TOOLS}/`)("fflate");
const here = join(dirname(fileURLToPath(import.meta.url)), "course");
const xml = (text) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

const files = {};
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  // The service worker would outlive the course, so it stays away.
  if (entry.isFile() && entry.name !== "sw.js") files[relative(site, path)] = readFileSync(path);
}
for (const page of ["course.js", ...pages]) files[page] = strToU8(readFileSync(join(here, page), "utf8").replaceAll('"LESSON"', `"${xml(lesson)}"`));
const listed = Object.keys(files).sort().map((file) => `      <file href="${xml(file)}"/>`).join("\n");
files[manifest] = strToU8(readFileSync(join(here, manifest), "utf8")
  .replaceAll("LESSON", xml(lesson)).replaceAll("TITLE", xml(title)).replace("FILES", listed));
// One fixed date, so that the same site gives the same package.
writeFileSync(out, zipSync(files, { level: 9, mtime: new Date("2027-01-15T08:00:00Z") }));
console.log(`${out}: ${Object.keys(files).length} files, ${name}, lesson ${lesson}`);
