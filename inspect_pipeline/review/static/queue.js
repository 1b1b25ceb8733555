// The queue by keyboard, and cards that step aside at once; every form here also works without it.
// HTMX sends the forms and puts the answer's parts where they belong.

const cards = document.getElementById("cards");
const bulk = document.getElementById("bulk");
const toasts = document.getElementById("toasts");
const help = document.getElementById("help");
const empty = document.getElementById("empty");
const undoable = []; // { request, batch } of this page's answers, the newest last
const KEEP_AHEAD = 6; // cards left below which the next page is fetched
let current = null; // the card that keys act on
const underWay = new Map(); // answers that are sent and not yet written: request -> its cards
let undosWanted = 0; // pressed while an answer was under way: it is the one to take back

const shown = () => [...document.querySelectorAll(".finding-card:not(.answered)")];
const isTyping = (element) => element.closest("input:not([type=checkbox]), textarea, select, dialog");

function focusCard(card) {
  current = card ?? null;
  if (!card) return;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function currentCard() {
  if (current?.isConnected && !current.classList.contains("answered")) return current;
  return null;
}

// In a grid, up and down go to the card above and below.
function neighbour(card, key) {
  const all = shown();
  const place = all.indexOf(card);
  if (!card || place < 0) return all[0];
  if (key === "j" || key === "ArrowRight") return all[place + 1] ?? card;
  if (key === "k" || key === "ArrowLeft") return all[place - 1] ?? card;
  const from = card.getBoundingClientRect();
  const down = key === "ArrowDown";
  const beyond = all.filter((other) => {
    const box = other.getBoundingClientRect();
    return down ? box.top >= from.bottom - 1 : box.bottom <= from.top + 1;
  });
  if (!beyond.length) return card;
  const distance = (other) => {
    const box = other.getBoundingClientRect();
    return Math.abs(box.top - from.top) * 10 + Math.abs(box.left - from.left);
  };
  return beyond.reduce((best, other) => (distance(other) < distance(best) ? other : best));
}

function press(form, key) {
  form?.querySelector(`button[data-key="${key}"]`)?.click();
}

function answer(key) {
  if (selected().length) press(bulk, key);
  else press(currentCard()?.querySelector("form[data-answer]"), key);
}

function openNote() {
  if (selected().length) {
    bulk?.querySelector("[name=note]").focus();
    return;
  }
  const note = currentCard()?.querySelector("details.note");
  if (!note) return;
  note.open = true;
  note.querySelector("textarea").focus();
}

function undoLast() {
  if (underWay.size) {
    undosWanted += 1;
    return;
  }
  const batch = undoable.at(-1)?.batch;
  if (!batch || !bulk) return;
  forget(batch);
  const { csrf_token, back } = bulk.elements;
  const values = { batch_id: batch, csrf_token: csrf_token.value, back: back.value };
  window.htmx.ajax("POST", "/queue/undo", { values, swap: "none", target: "#toasts" });
}

function forget(batch) {
  const place = undoable.findLastIndex((one) => one.batch === batch);
  if (place >= 0) undoable.splice(place, 1);
}

function toggleOutlines() {
  const button = document.querySelector("[data-outlines]");
  const hidden = document.documentElement.classList.toggle("no-outlines");
  button?.setAttribute("aria-pressed", String(!hidden));
}

const ACTIONS = {
  c: () => answer("c"),
  f: () => answer("f"),
  s: () => answer("s"),
  n: openNote,
  u: undoLast,
  o: toggleOutlines,
  x: () => currentCard()?.querySelector("[data-select]")?.click(),
  Enter: () => currentCard()?.querySelector("[data-open]").click(),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") focusCard(event.target.closest(".finding-card") ?? currentCard() ?? shown()[0]);
    return;
  }
  if (["j", "k", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    focusCard(neighbour(currentCard(), event.key));
    return;
  }
  if (event.key === "Enter" && event.target.closest("a, button, summary, label")) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.(".finding-card");
  if (card) current = card;
});

// The selection and its bar

function selected() {
  return [...document.querySelectorAll(".finding-card:not(.answered) [data-select]:checked")];
}

function showSelection() {
  const count = selected().length;
  for (const box of document.querySelectorAll("[data-select]")) {
    box.closest(".finding-card").classList.toggle("selected", box.checked);
  }
  if (!bulk) return;
  bulk.hidden = count === 0;
  bulk.classList.toggle("open", count > 0);
  bulk.querySelector("[data-selected]").textContent = `${count} ${count === 1 ? "finding" : "findings"} selected`;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select]")) showSelection();
});

// Cards step aside when their answer is sent and come back if it was not written

function stepAside(sent) {
  const all = shown();
  const last = all.indexOf(sent.at(-1));
  for (const card of sent) card.classList.add("answered");
  focusCard(all.slice(last + 1).find((card) => !sent.includes(card)) ?? shown().at(-1));
}

// A card that comes back takes the place of what is left of it on the page.
document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target !== cards) return;
  for (const card of event.detail.fragment.querySelectorAll(".finding-card")) {
    document.getElementById(card.id)?.remove();
  }
});

const isQueueForm = (form) => form?.matches?.("[data-answer], [data-bulk]");
const cardsOf = (form) =>
  form.matches("[data-bulk]") ? selected().map((box) => box.closest(".finding-card")) : [form.closest(".finding-card")];

const undoneBy = (event) => event.detail.requestConfig?.parameters?.batch_id;

document.body.addEventListener("htmx:afterRequest", (event) => {
  const { successful, xhr } = event.detail; // not its form: that may be gone with its card
  const undone = undoneBy(event);
  if (undone && !successful) undoable.push({ batch: undone });
  keepBatch(xhr, successful);
  const sent = underWay.get(xhr);
  underWay.delete(xhr);
  if (successful) return;
  undosWanted = 0;
  if (!xhr?.status) showTrouble("Not saved: the server does not answer. Nothing was changed");
  if (!sent) return;
  for (const card of sent) card.classList.remove("answered");
  focusCard(sent[0]);
});

document.body.addEventListener("htmx:beforeSend", (event) => {
  const form = event.detail.elt;
  const undone = undoneBy(event);
  if (undone) forget(undone);
  if (!isQueueForm(form)) return;
  const sent = cardsOf(form);
  underWay.set(event.detail.xhr, sent);
  undoable.push({ request: event.detail.xhr, batch: null });
  stepAside(sent);
});

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  if (!isQueueForm(form)) return;
  const wanted = cardsOf(form).filter((card) => !card.classList.contains("answered"));
  if (!wanted.length) event.preventDefault();
});

// In the order in which answers were given, whichever of them was written first.
function keepBatch(request, successful) {
  const place = undoable.findIndex((one) => one.request === request);
  if (place < 0) return;
  const batch = successful && request.getResponseHeader("X-Batch-Id");
  if (batch) undoable[place].batch = batch;
  else undoable.splice(place, 1);
}

function showTrouble(words) {
  const toast = document.createElement("div");
  toast.className = "toast bad";
  const said = document.createElement("p");
  said.textContent = `${words}.`;
  toast.append(said);
  toasts.replaceChildren(toast);
}

// After each change: order, count of what can be undone, empty notice, the next page

function keepOrder() {
  const all = [...cards.querySelectorAll(":scope > .finding-card")];
  const rank = (card) => [Number(card.dataset.urgency), Number(card.dataset.finding)];
  const sorted = all.toSorted((one, other) => {
    const [a, i] = rank(one);
    const [b, k] = rank(other);
    return b - a || k - i;
  });
  if (sorted.some((card, place) => card !== all[place])) cards.prepend(...sorted);
}

function afterChange() {
  keepOrder();
  showSelection();
  const more = document.querySelector("#more a");
  const left = shown().length;
  empty.hidden = left > 0 || Boolean(more);
  if (!empty.hidden && document.activeElement === document.body) empty.focus();
  if (more && left < KEEP_AHEAD && !more.dataset.asked) {
    more.dataset.asked = "yes";
    more.click();
  }
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  afterChange();
  if (undoneBy(event)) focusCard(cards.querySelector(".finding-card"));
  if (!underWay.size && undosWanted) {
    undosWanted -= 1;
    undoLast();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) help.showModal();
  if (event.target.closest("[data-outlines]")) toggleOutlines();
  if (event.target.closest("[data-clear]")) {
    for (const box of selected()) box.checked = false;
    showSelection();
    focusCard(currentCard());
  }
  const leave = event.target.closest("[data-leave]");
  if (leave) {
    const card = leave.closest(".finding-card");
    event.preventDefault();
    const next = neighbour(card, "j");
    card.remove();
    focusCard(next);
    afterChange();
  }
});

for (const button of document.querySelectorAll("[data-help], [data-outlines], [data-clear]")) button.hidden = false;
const justDone = toasts.querySelector(".toast[data-batch]")?.dataset.batch;
if (justDone) undoable.push({ batch: justDone });
showSelection();
