// `?fuzz=SEED`: the page presses its own buttons and keys, and enters commands, for as long as it is open. For tests: the same
// seed makes the same acts. Nothing leaves the page: links, files and the clipboard are left alone.
const EVERY_MS = 40;
const LINES = ['sim kill broker 1', 'sim start broker 1', 'sim cut 1 | 2', 'sim heal', 'sim run 2s', 'sim pause broker 2', 'sim resume broker 2', 'sim mend',
  'kafka-topics --bootstrap-server :9092 --list', 'echo x | kafka-console-producer --bootstrap-server :9092 --topic orders', 'no such thing', '^C'];
const KEYS = [...'123456.,<>[]mbfke+-?', ' ', 'Home', 'End', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Enter', 'Escape'];

export function fuzz(seed) {
  let state = seed >>> 0;
  const random = n => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor(state / 2 ** 32 * n); };
  const one = list => list[random(list.length)];
  const key = (target, key) => target?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const isOurs = e => e.checkVisibility();
  const acts = [
    () => one([...document.querySelectorAll('#app button:not(:disabled), #app [role=tab]')].filter(isOurs))?.click(),
    () => key(document.querySelector('.stage, .view'), one(KEYS)),
    () => {
      const input = one([...document.querySelectorAll('.prompt input')]);
      if (!input) return;
      input.value = one(LINES);
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      key(input, 'Enter');
    },
    () => {
      const slider = one([...document.querySelectorAll('#app input[type=range], #app select')].filter(isOurs));
      if (!slider) return;
      slider.value = slider.options ? one([...slider.options]).value : String(Number(slider.min) + random(Number(slider.max) - Number(slider.min) + 1));
      for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, { bubbles: true }));
    },
  ];
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => {} } });
  HTMLInputElement.prototype.click = function () { if (this.type !== 'file') HTMLElement.prototype.click.call(this); };
  let made = 0;
  const timer = setInterval(() => {
    if (!document.getElementById('crash').hidden) return clearInterval(timer);
    document.documentElement.dataset.fuzz = String(++made);
    one(acts)();
  }, EVERY_MS);
}
