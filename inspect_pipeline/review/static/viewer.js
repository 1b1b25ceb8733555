// Pictures of one region that zoom and move in step, and four ways to compare them.
// Without this file they stand side by side.

const viewer = document.getElementById("viewer");
const stage = viewer.querySelector("[data-stage]");
const panes = viewer.querySelector("[data-panes]");
const drawings = [...viewer.querySelectorAll("svg.zoomed")];
const other = viewer.querySelector("#other");
const amount = viewer.querySelector("#amount");
const whole = { x: 0, y: 0, w: Number(viewer.dataset.width), h: Number(viewer.dataset.height) };
const MOST_ZOOM = 24;
const BLINK_MS = 600;
let view = { ...whole };
let mode = "side";
let blinking = null;
let isAbove = true;
let isChosen = false; // what to compare with: until somebody chooses, each way has its own

// Zoom and pan: one view for all drawings

function show() {
  for (const drawing of drawings) drawing.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  viewer.classList.toggle("is-zoomed", view.w < whole.w);
  drawComparison();
}

function kept(value, size, length) {
  return Math.min(Math.max(value, 0), length - size);
}

// `at`: the point of the picture that stays where it is.
function zoom(factor, at = { x: view.x + view.w / 2, y: view.y + view.h / 2 }) {
  const w = Math.min(whole.w, Math.max(whole.w / MOST_ZOOM, view.w / factor));
  const share = w / view.w;
  const h = view.h * share;
  view = {
    w,
    h,
    x: kept(at.x - (at.x - view.x) * share, w, whole.w),
    y: kept(at.y - (at.y - view.y) * share, h, whole.h),
  };
  show();
}

function move(dx, dy) {
  view = { ...view, x: kept(view.x + dx, view.w, whole.w), y: kept(view.y + dy, view.h, whole.h) };
  show();
}

function fit() {
  view = { ...whole };
  show();
}

function pointAt(drawing, event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
  return { x: point.x, y: point.y };
}

const fingers = new Map(); // pointer id -> where it was last, in pixels of the screen

function spread() {
  const [one, two] = [...fingers.values()];
  return Math.hypot(one.x - two.x, one.y - two.y);
}

for (const drawing of drawings) {
  drawing.addEventListener(
    "wheel",
    (event) => {
      if (event.deltaY > 0 && view.w >= whole.w) return; // the page may scroll on
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 320), pointAt(drawing, event));
    },
    { passive: false },
  );
  drawing.addEventListener("pointerdown", (event) => {
    drawing.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (mode === "slider" && fingers.size === 1) slideTo(drawing, event);
  });
  drawing.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const wide = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size === 2) {
      const [one, two] = [...fingers.values()];
      const middle = { clientX: (one.x + two.x) / 2, clientY: (one.y + two.y) / 2 };
      if (wide > 0) zoom(spread() / wide, pointAt(drawing, middle));
    } else if (mode === "slider") {
      slideTo(drawing, event);
    } else {
      const scale = drawing.getScreenCTM().a;
      move((before.x - event.clientX) / scale, (before.y - event.clientY) / scale);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    drawing.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  drawing.addEventListener("dblclick", (event) => (view.w < whole.w ? fit() : zoom(4, pointAt(drawing, event))));
}

function slideTo(drawing, event) {
  amount.value = String(Math.round((100 * (pointAt(drawing, event).x - view.x)) / view.w));
  drawComparison();
}

// The comparison: two pictures on one stage

function drawComparison() {
  if (mode === "side") return;
  const above = stage.querySelector("[data-above]");
  const cut = stage.querySelector("[data-cut]");
  const divider = stage.querySelector("[data-divider]");
  const chosen = other.selectedOptions[0];
  const share = Number(amount.value) / 100;
  const wanted = mode === "overlay" ? chosen.dataset.veil : chosen.dataset.picture;
  if (above.getAttribute("href") !== wanted) above.setAttribute("href", wanted);
  above.setAttribute("opacity", mode === "overlay" ? String(share) : "1");
  cut.toggleAttribute("hidden", false);
  if (mode === "slider") {
    const x = view.x + share * view.w;
    const rect = stage.querySelector("#cut rect");
    rect.setAttribute("x", String(x));
    rect.setAttribute("width", String(Math.max(0, whole.w - x)));
    cut.setAttribute("clip-path", "url(#cut)");
    divider.setAttribute("d", `M${x} ${view.y}V${view.y + view.h}`);
  } else {
    cut.removeAttribute("clip-path");
    divider.setAttribute("d", "");
  }
  cut.setAttribute("visibility", mode === "blink" && !isAbove ? "hidden" : "visible");
}

const WORDS = {
  slider: (title) => `Observed on the left, ${title} on the right of the line. Drag the line.`,
  blink: (title) => `Observed and ${title} in turn. Space stops and goes on.`,
  overlay: (title) => `Observed under ${title}.`,
};

function choose(wanted) {
  mode = wanted;
  isAbove = true;
  const isSide = mode === "side";
  const usual = mode === "overlay" ? "heat" : "golden";
  if (!isChosen && [...other.options].some((option) => option.value === usual)) other.value = usual;
  panes.hidden = !isSide;
  stage.hidden = isSide;
  viewer.querySelector("[data-compare]").hidden = isSide;
  viewer.querySelector("[data-amount-field]").hidden = mode === "blink";
  viewer.querySelector("[data-amount-words]").textContent = mode === "overlay" ? "Opacity" : "Place of the line";
  viewer.classList.toggle("is-slider", mode === "slider");
  viewer.querySelector(`input[name=mode][value=${mode}]`).checked = true;
  if (!isSide) {
    stage.querySelector("[data-stage-words]").textContent = WORDS[mode](other.selectedOptions[0].textContent);
  }
  blink(mode === "blink");
  sessionStorage.setItem("viewer", JSON.stringify({ mode, amount: amount.value, ...(isChosen ? { other: other.value } : {}) }));
  drawComparison();
}

function blink(isOn) {
  clearInterval(blinking);
  blinking = isOn ? setInterval(turn, BLINK_MS) : null;
}

function turn() {
  isAbove = !isAbove;
  drawComparison();
}

function toggleOutline() {
  const isHidden = document.documentElement.classList.toggle("no-outlines");
  viewer.querySelector("[data-outlines]").setAttribute("aria-pressed", String(!isHidden));
}

const ZOOMS = { in: () => zoom(1.6), out: () => zoom(1 / 1.6), fit };
const step = () => view.w / 8;
const KEYS = {
  "+": ZOOMS.in,
  "=": ZOOMS.in,
  "-": ZOOMS.out,
  0: fit,
  o: toggleOutline,
  1: () => choose("side"),
  2: () => choose("slider"),
  3: () => choose("blink"),
  4: () => choose("overlay"),
};
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("textarea, select, dialog, input:not([type=radio])")) return;
  const isZoomed = view.w < whole.w;
  if (KEYS[event.key]) {
    KEYS[event.key]();
  } else if (MOVES[event.key] && isZoomed && !event.target.closest("fieldset")) {
    const [dx, dy] = MOVES[event.key];
    move(dx * step(), dy * step());
  } else if (event.key === " " && mode === "blink" && !event.target.closest("button, a, summary")) {
    if (blinking) blink(false);
    else {
      turn();
      blink(true);
    }
  } else {
    return;
  }
  event.preventDefault();
});

viewer.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (button) ZOOMS[button.dataset.zoom]();
  if (event.target.closest("[data-outlines]")) toggleOutline();
});
viewer.addEventListener("change", (event) => {
  if (event.target.name === "mode") choose(event.target.value);
  if (event.target === other) {
    isChosen = true;
    choose(mode);
  }
});
amount.addEventListener("input", drawComparison);
amount.addEventListener("change", () => choose(mode));

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem("viewer")) ?? {};
  } catch {
    return {};
  }
}

if (other.options.length) {
  viewer.querySelector(".viewer-bar").hidden = false;
  const last = remembered();
  isChosen = [...other.options].some((option) => option.value === last.other);
  if (isChosen) other.value = last.other;
  if (last.amount) amount.value = last.amount;
  choose(["slider", "blink", "overlay"].includes(last.mode) ? last.mode : "side");
}
