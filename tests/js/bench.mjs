// Runs the workloads in Node and prints what the native benchmark prints: `id nanoseconds …`, without memory; CPU time, median of seven.
import { createRequire } from "node:module";
import { resolve } from "node:path";

const RUNS = 7;
const PARTS_ENOUGH = 60;
const { Running, workloads } = createRequire(import.meta.url)(resolve(process.argv[2]));
const wanted = process.argv.slice(3);

function once(at) {
  const running = new Running(at);
  const times = Array.from({ length: running.parts() }, (_, part) => {
    const before = process.cpuUsage().user;
    running.run(part);
    return (process.cpuUsage().user - before) * 1000;
  });
  const measured = running.measured();
  running.free();
  return { times, measured };
}

const percentile = (times, percent) =>
  times.sort((a, b) => a - b)[Math.floor(((times.length - 1) * percent) / 100)];

workloads().forEach((id, at) => {
  if (wanted.length && !wanted.includes(id)) return;
  const runs = [once(at)];
  while (runs.length < RUNS && runs.length * runs[0].times.length < PARTS_ENOUGH) runs.push(once(at));
  if (runs.some((run) => run.measured !== runs[0].measured)) throw new Error(`${id} ran twice and differed`);
  const totals = runs.map((run) => run.times.reduce((sum, time) => sum + time, 0));
  const parts = runs.flatMap((run) => run.times);
  console.log(id, percentile(totals, 50), percentile(parts, 95), 0, runs[0].measured);
});
