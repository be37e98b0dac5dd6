"use strict";
// The page works without this: it only refreshes phones as they change, and sends forms without leaving the page.

const phone = (key) => document.querySelector(`.phone[data-device="${key}"]`);
const seen = new Map();
const running = new Map();

function current(section) {
  return section.querySelector(".screen").dataset;
}

function mark(section) {
  const { tab } = current(section);
  for (const link of section.querySelectorAll(".tabs a")) {
    const name = `${section.id}/${link.dataset.tab}`;
    if (link.dataset.tab === tab || !seen.has(name)) seen.set(name, link.dataset.latest);
    link.classList.toggle("new", seen.get(name) !== link.dataset.latest);
  }
}

async function refresh(key, tab, start) {
  if (key === "status") {
    const answer = await fetch("/status");
    if (answer.ok) document.getElementById("status").innerHTML = await answer.text();
    return;
  }
  const section = phone(key);
  if (!section) return;
  const before = current(section);
  const moved = tab !== undefined && tab !== before.tab;
  const query = new URLSearchParams({ tab: tab ?? before.tab, start: start ?? (moved ? "" : before.start) });
  const turn = (running.get(key) ?? 0) + 1;
  running.set(key, turn);
  const answer = await fetch(`/screens/${key}?${query}`);
  if (!answer.ok || running.get(key) !== turn) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  if (running.get(key) !== turn) return;
  const log = section.querySelector(".messages");
  const scrolled = moved ? 0 : log.scrollTop;
  const focused = document.activeElement;
  const inLog = focused === log;
  const place = section.querySelector(".fragment");
  const changed = place.innerHTML !== fresh.innerHTML;
  if (!changed) return;
  place.replaceChildren(fresh.content);
  const now = section.querySelector(".messages");
  // The list is laid out from its end: 0 is the newest message, further up is negative.
  // Mail begins at its top.
  now.scrollTop = scrolled < -40 || section.matches(".mail, .web") ? scrolled : 0;
  if (inLog) now.focus({ preventScroll: true });
  const form = section.querySelector(".compose");
  if (form) form.elements.tab.value = current(section).tab;
  if (form && moved) cancelContext(section);
  mark(section);
}

function cancelContext(section) {
  const form = section.querySelector(".compose");
  if (form.elements.edit.value) form.elements.text.value = "";
  form.elements.reply_to.value = "";
  form.elements.edit.value = "";
  delete form.dataset.reply;
  showContext(section);
}

function showContext(section) {
  const form = section.querySelector(".compose");
  const file = form.elements.file?.files[0];
  const words = [form.elements.edit.value ? "Edit your message" : "", form.dataset.reply ? `Reply to ${form.dataset.reply}` : "", file ? `File: ${file.name}` : ""];
  const text = words.filter(Boolean).join(" · ");
  form.querySelector(".context span").textContent = text;
  form.querySelector(".context").hidden = !text;
}

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 2, 120)}px`;
}

async function send(form, submitter) {
  const section = form.closest(".phone");
  const data = new FormData(form);
  if (submitter?.name) data.append(submitter.name, submitter.value);
  const writes = form.classList.contains("compose");
  if (writes && !data.get("text").trim() && !data.get("file")?.size) return;
  if (form.querySelector('[name="start"]')) current(section).start = "";
  submitter?.setAttribute("aria-busy", "true");
  let refused = "The demo does not answer. Is it still running?";
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Baraza-Page": "1" } });
    refused = answer.ok ? "" : (await answer.text()) || answer.statusText;
  } catch {
    // the words above say it
  }
  submitter?.removeAttribute("aria-busy");
  if (!writes) return;
  const line = form.querySelector(".refused");
  line.textContent = refused;
  line.hidden = !refused;
  if (refused) return;
  form.elements.text.value = "";
  if (form.elements.subject) form.elements.subject.value = "";
  if (form.elements.file) form.elements.file.value = "";
  cancelContext(section);
  grow(form.elements.text);
  count(form);
}

const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENDED = new Set("\f^{}\\[~]|€");

// The parts of an SMS, as on the server: 3GPP TS 23.038 and 23.040.
function segments(text) {
  const chars = [...text];
  const unicode = !chars.every((char) => BASIC.has(char) || EXTENDED.has(char));
  const [alone, together] = unicode ? [70, 67] : [160, 153];
  const sizes = chars.map((char) => (unicode ? char.length : EXTENDED.has(char) ? 2 : 1));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  let parts = 1;
  if (units > alone) {
    let room = together;
    for (const size of sizes) {
      if (size > room) [parts, room] = [parts + 1, together];
      room -= size;
    }
  }
  return { parts, units, kind: unicode ? "UCS-2" : "GSM-7", room: parts === 1 ? alone : together * parts };
}

function count(form) {
  const line = form.querySelector(".counter");
  if (!line) return;
  line.dataset.hint ??= line.textContent;
  const text = form.elements.text.value.trim();
  const { parts, units, kind, room } = segments(text);
  const [currency, cents] = [line.dataset.currency, Number(line.dataset.price)];
  line.textContent = text ? `${units}/${room} · ${parts} SMS · ${kind} · ${currency} ${((parts * cents) / 100).toFixed(2)}` : line.dataset.hint;
  line.classList.toggle("over", parts > 3);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.name !== "text") return;
  if (event.target.closest(".mail")) return; // letters have lines
  event.preventDefault();
  event.target.form.requestSubmit();
});

document.addEventListener("input", (event) => {
  if (event.target.name !== "text") return;
  grow(event.target);
  count(event.target.form);
});

document.addEventListener("change", (event) => {
  if (event.target.name === "file") showContext(event.target.closest(".phone"));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const section = link.closest(".phone");
  if (link.dataset.tab) {
    event.preventDefault();
    refresh(link.dataset.device, link.dataset.tab, link.dataset.start ?? "");
  } else if (link.dataset.reply) {
    event.preventDefault();
    const form = section.querySelector(".compose");
    cancelContext(section);
    form.elements.reply_to.value = link.dataset.reply;
    form.dataset.reply = link.dataset.excerpt;
    showContext(section);
    form.elements.text.focus();
  } else if (link.dataset.edit) {
    event.preventDefault();
    const form = section.querySelector(".compose");
    cancelContext(section);
    form.elements.edit.value = link.dataset.edit;
    form.elements.text.value = link.dataset.source;
    link.closest("details").open = false;
    showContext(section);
    grow(form.elements.text);
    form.elements.text.focus();
  } else if (link.classList.contains("cancel")) {
    event.preventDefault();
    const form = section.querySelector(".compose");
    if (form.elements.file) form.elements.file.value = "";
    cancelContext(section);
  }
});

const visible = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    entry.target.dataset.seen = entry.isIntersecting ? "1" : "";
    if (entry.isIntersecting) document.querySelector(`[data-jump="${entry.target.id}"]`)?.classList.remove("new");
  }
}, { threshold: 0.3 });

for (const section of document.querySelectorAll(".phone")) {
  visible.observe(section);
  mark(section);
}

let first = true;
const events = new EventSource("/events");
events.addEventListener("message", (event) => {
  for (const key of JSON.parse(event.data)) {
    refresh(key).catch(() => {});
    const section = phone(key);
    if (!first && section && !section.dataset.seen) {
      document.querySelector(`[data-jump="${key}"]`)?.classList.add("new");
    }
  }
  first = false;
});
events.addEventListener("error", () => {
  const line = document.querySelector("#status .status");
  if (line) line.textContent = "The demo does not answer. It is stopped, or starting again.";
});
addEventListener("pagehide", () => events.close());
