// A board: markup made by the server, and the few things on it that react.
// a[data-go]            goes there without loading the page again
// [data-do]             tells the server `do`, `value`, and what is picked
// form[data-do]         tells the server `do` and its fields
// [data-param]          changes one parameter of the address (empty: takes it away)
// input[data-pick]      picks a row; [data-picks] shows how many are picked; [data-pick-all] picks every row
// [data-theme-choice]   light, dark or as the system has it
// [data-copy]           copies its value
// img[data-picture]     is loaded from there, in the colours of the theme
export default function board({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".board");
  if (root.shown !== data.html) {
    redraw(root, data.html);
    root.shown = data.html;
  }
  const go = (address) => setTriggerValue("go", address);
  const act = (name, value, fields) => {
    setTriggerValue("act", { name, value: value || "", fields: fields || {}, picked: picked(root) });
    root.querySelectorAll("[data-pick], [data-pick-all]").forEach((box) => (box.checked = false));
    count(root);
  };

  root.onclick = (event) => {
    const link = event.target.closest("a[data-go]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      if (new URL(link.href).pathname === window.location.pathname) hold(root, link);
      return go(link.getAttribute("href"));
    }
    const button = event.target.closest("button[data-do]");
    if (button) return act(button.dataset.do, button.value);
    const theme = event.target.closest("[data-theme-choice]");
    if (theme) return chooseTheme(theme.dataset.themeChoice, theme.dataset.themePaths);
    const copy = event.target.closest("[data-copy]");
    if (copy && navigator.clipboard) {
      navigator.clipboard.writeText(copy.dataset.copy);
      copy.classList.add("copied");
      setTimeout(() => copy.classList.remove("copied"), 1200);
    }
  };
  root.onsubmit = (event) => {
    event.preventDefault();
    const form = event.target.closest("form");
    const fields = Object.fromEntries(new FormData(form));
    if (form.dataset.do) act(form.dataset.do, form.dataset.value, fields);
    else go(address(fields));
  };
  root.onchange = (event) => {
    const field = event.target;
    if (field.matches("[data-pick-all]"))
      root.querySelectorAll("input[data-pick]").forEach((box) => (box.checked = field.checked));
    if (field.matches("[data-pick], [data-pick-all]")) return count(root);
    if (field.dataset.param && !field.form) go(address({ [field.dataset.param]: field.value }));
    if (field.dataset.param && field.form && field.tagName === "SELECT") field.form.requestSubmit();
  };
  root.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) event.target.form.requestSubmit();
  };
  const escape = (event) => {
    if (event.key === "Escape" && !event.target.closest("input, textarea, select")) go(data.escape);
  };
  if (root.forget) root.forget();
  root.forget = () => document.removeEventListener("keydown", escape);
  if (data.escape) document.addEventListener("keydown", escape);
  count(root);
  paint(root);
  return root.forget;
}

function redraw(root, html) {
  const chosen = picked(root);
  const active = root.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...root.querySelectorAll("details[id]")].map((part) => [part.id, part.open]);
  const written = [...root.querySelectorAll("form[id] [name]")]
    .filter((field) => field.value !== given(field))
    .map((field) => [field.form.id, field.name, field.value]);
  root.innerHTML = html;
  root.querySelectorAll("input[data-pick]").forEach((box) => (box.checked = chosen.includes(box.value)));
  open.forEach(([id, was]) => {
    const part = root.querySelector("#" + CSS.escape(id));
    if (part) part.open = was;
  });
  written.forEach(([form, name, value]) => {
    const field = root.querySelector(`form[id="${CSS.escape(form)}"] [name="${CSS.escape(name)}"]`);
    if (field) field.value = value;
  });
  const again = (active && root.querySelector("#" + CSS.escape(active))) || root.querySelector("[data-focus]");
  if (again) again.focus({ preventScroll: Boolean(active) });
  root.querySelector("[data-scroll]")?.scrollIntoView({ block: "nearest" });
}

// What the server put into a field, before anybody changed it.
function given(field) {
  if (field.tagName !== "SELECT") return field.defaultValue;
  return ([...field.options].find((option) => option.defaultSelected) || field.options[0])?.value;
}

function picked(root) {
  return [...root.querySelectorAll("input[data-pick]:checked")].map((box) => box.value);
}

function count(root) {
  const chosen = picked(root).length;
  root.querySelectorAll("[data-picks]").forEach((place) => (place.textContent = chosen));
  root.querySelectorAll("[data-when-picked]").forEach((place) => (place.hidden = !chosen));
}

// What was clicked stays where it is on the screen while the page around it is laid out anew.
function hold(root, link) {
  const place = link.getAttribute("href");
  const top = link.getBoundingClientRect().top;
  const main = root.closest('[data-testid="stMain"]');
  const until = performance.now() + 1500;
  let free = !main;
  const stop = () => (free = true);
  ["wheel", "keydown", "touchstart", "pointerdown"].forEach((name) => window.addEventListener(name, stop, { once: true }));
  const keep = () => {
    if (free || performance.now() > until) return;
    const now = [...root.querySelectorAll("a[data-go]")].find((other) => other.getAttribute("href") === place);
    const moved = now ? now.getBoundingClientRect().top - top : 0;
    if (Math.abs(moved) > 1) main.scrollBy(0, moved);
    requestAnimationFrame(keep);
  };
  requestAnimationFrame(keep);
}

function address(changes) {
  const place = new URL(window.location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) place.searchParams.set(name, value);
    else place.searchParams.delete(name);
  }
  place.searchParams.delete("from");
  return place.pathname + place.search;
}

// Streamlit keeps the choice apart for each path.
function chooseTheme(choice, paths) {
  paths.split(" ").forEach((path) => window.localStorage.setItem(`stActiveTheme-${path}-v2`, JSON.stringify(choice)));
  window.location.reload();
}

function paint(root) {
  const theme = getComputedStyle(root).colorScheme.includes("dark") ? "dark" : "light";
  root.querySelectorAll("img[data-picture]").forEach((image) => {
    const place = `${image.dataset.picture}&theme=${theme}`;
    if (image.getAttribute("src") !== place) image.setAttribute("src", place);
  });
}
