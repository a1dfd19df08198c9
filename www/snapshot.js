// The stage as a picture: its elements with the page's styles, and what flies over it, in one SVG that needs nothing else.
const NS = 'http://www.w3.org/2000/svg';

export function svg({ root, rules: given }) {
  const zone = root.querySelector('.view-zone');
  const { width, height } = zone.getBoundingClientRect();
  const copy = zone.cloneNode(true);
  const canvases = zone.querySelectorAll('canvas');
  for (const [i, canvas] of copy.querySelectorAll('canvas').entries()) {
    const image = Object.assign(document.createElement('img'), { src: canvases[i].toDataURL(), alt: '' });
    image.setAttribute('style', 'position:absolute;inset:0;width:100%;height:100%');
    canvas.replaceWith(image);
  }
  const rules = given ?? [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).map(rule => rule.cssText);
  const body = getComputedStyle(given ? root : document.body);
  const box = document.createElement('div');
  box.setAttribute('style', `position:relative;width:${width}px;height:${height}px;background:${body.backgroundColor};color:${body.color};font:${body.font};overflow:hidden`);
  copy.setAttribute('style', 'position:absolute;inset:0');
  const style = document.createElement('style');
  style.textContent = rules.join('\n').replaceAll(/\banimation:[^;}]+/g, 'animation: none');
  box.append(style, copy);
  const image = document.createElementNS(NS, 'svg');
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, 'data-theme': root.dataset.theme, 'data-ui': 'full' })) image.setAttribute(name, value);
  const inside = image.appendChild(document.createElementNS(NS, 'foreignObject'));
  for (const [name, value] of Object.entries({ width: '100%', height: '100%' })) inside.setAttribute(name, value);
  inside.append(box);
  return new XMLSerializer().serializeToString(image);
}

// The same as a data URL, twice as sharp.
export async function png(place) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg(place))}`;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: image.width * 2, height: image.height * 2 });
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  try {
    return canvas.toDataURL('image/png');
  } catch {
    throw new Error('this browser lets no page read such a picture back; ask for svg');
  }
}
