// What the page looks like from inside, told to the frame around it. Only the test's copy of a page
// carries this.
addEventListener("load", () => {
  const wide = innerWidth, faults = [];
  const name = (e) => e.tagName.toLowerCase() + "." + (e.getAttribute("class") || "");
  const all = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());

  // Nothing wider than the window, but inside a box that scrolls by itself.
  const charts = all("svg, .plot, .matrix, .scores, figure, img, table, .marks, .mark, h1, h2, h3, p, dd, li");
  for (const e of charts) {
    const r = (e.closest(".wide") || e).getBoundingClientRect();
    if (r.left < -0.5 || r.right > wide + 0.5) faults.push(`${name(e)} lies at ${r.left} to ${r.right}`);
  }
  for (const e of all("svg, .matrix, img, .plot .line, .plot .band")) {
    const r = e.getBoundingClientRect();
    if (!(r.width > 0) || (!(r.height > 0) && !e.closest(".plot"))) faults.push(`${name(e)} is not to be seen`);
  }
  for (const e of all("img")) if (!e.naturalWidth) faults.push("a picture does not show");

  // Contrast of text with what lies under it, as WCAG 2 reckons it.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (...colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const light = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
  };
  let contrast = 99, worst = "";
  for (const e of all("p, td, th, dt, dd, li, b, small, a, figcaption, summary, bdi, .y, .x, .mark")) {
    if (e.closest(".none")) continue; // a zero is there by being faint
    const under = [];
    for (let box = e; box; box = box.parentElement) under.unshift(getComputedStyle(box).backgroundColor);
    const [a, b] = [paint("white", ...under), paint("white", ...under, getComputedStyle(e).color)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < contrast) [contrast, worst] = [ratio, `${name(e)} ${e.textContent.slice(0, 20)}`];
  }

  // What is chosen shows: a picture of the map, and the heat over the others.
  const settle = () => document.getAnimations().forEach((animation) => animation.finish());
  const choose = (selector) => { const e = document.querySelector(selector); e?.click(); settle(); return !!e; };
  const seen = {
    before: all(".tip").length,
    points: all(".field .pt").length,
    tip: choose(".field .pt.wrong input") && all(".tip img, .tip .blank").length,
    heat: choose("#lens-called") && all(".heat").filter((e) => getComputedStyle(e).opacity > 0.9).length,
    moved: (() => {
      const place = () => document.querySelector(".field .pt")?.getBoundingClientRect().top;
      const before = place();
      return choose("#map-linear") && place() !== before;
    })(),
  };
  for (const e of all(".tip, .tip img")) {
    const r = e.getBoundingClientRect();
    if (r.left < -0.5 || r.right > wide + 0.5) faults.push(`${name(e)} lies at ${r.left} to ${r.right}`);
  }
  for (const e of all(".field .pt")) {
    const [r, box] = [e.getBoundingClientRect(), e.closest(".field").getBoundingClientRect()];
    if (r.left < box.left - 6 || r.right > box.right + 6) faults.push(`${name(e)} is off the map`);
  }

  const shown = {
    seen,
    wide, faults: faults.slice(0, 9), contrast, worst,
    scrolls: document.documentElement.scrollWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    charts: all("svg").length, pictures: all("img").length, matrices: all(".matrix").length,
    sections: all("section").length,
  };
  parent.postMessage(encodeURIComponent(JSON.stringify(shown)), "*");
});
