// The finding's page by keyboard; every key presses a button or follows a link that is there.

const help = document.getElementById("help");
const note = document.getElementById("note");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.target.closest("textarea, input:not([type=radio]):not([type=range]), select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "?") help.showModal();
  else if (event.key === "n") note?.focus();
  else if (event.key === "q") document.querySelector(".crumbs a").click();
  else {
    const target = /^[cfsjku]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
    if (!target) return;
    target.click();
  }
  event.preventDefault();
});

// One answer is enough: a second press before the next page comes would answer it twice.
document.getElementById("answer")?.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});

const helpButton = document.querySelector("[data-help]");
helpButton.hidden = false;
helpButton.addEventListener("click", () => help.showModal());
