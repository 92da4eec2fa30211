// The browser's part of the web terminal: xterm.js on one WebSocket, which is opened again whenever it closes.
// Messages are terminado's: ["stdin", text] and ["set_size", rows, columns] up, ["stdout", text] down.

import { Terminal } from "./xterm.mjs";
import { FitAddon } from "./addon-fit.mjs";

const FIRST_DELAY = 500; // milliseconds
const LONGEST_DELAY = 10_000;
const STEADY_AFTER = 5_000; // a connection that lasted this long starts the delays anew

const terminal = new Terminal({
  cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  fontFamily: "ui-monospace, 'Cascadia Mono', Menlo, 'DejaVu Sans Mono', 'Liberation Mono', monospace",
  fontSize: 14,
  scrollback: 0, // tmux keeps the history
  theme: {
    background: "#0d1117",
    foreground: "#e6edf3",
    cursor: "#58a6ff",
    selectionBackground: "#264f78",
    black: "#484f58",
    red: "#ff7b72",
    green: "#3fb950",
    yellow: "#d29922",
    blue: "#58a6ff",
    magenta: "#bc8cff",
    cyan: "#39c5cf",
    white: "#b1bac4",
    brightBlack: "#6e7681",
    brightRed: "#ffa198",
    brightGreen: "#56d364",
    brightYellow: "#e3b341",
    brightBlue: "#79c0ff",
    brightMagenta: "#d2a8ff",
    brightCyan: "#56d4dd",
    brightWhite: "#ffffff",
  },
});
const fit = new FitAddon();
const statusLine = document.getElementById("status");
const screenReader = document.getElementById("screen-reader");

let socket = null;
let delay = FIRST_DELAY;
let timer = 0;

function show(state, text) {
  document.body.dataset.state = state;
  statusLine.textContent = text;
  terminal.options.disableStdin = state !== "connected";
}

function send(...message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function connect() {
  const opened = new WebSocket(new URL("ws", location.href.replace(/^http/, "ws")));
  let steady = 0;
  socket = opened;
  opened.onopen = () => {
    show("connected", "Connected");
    terminal.reset();
    send("set_size", terminal.rows, terminal.cols);
    terminal.focus();
    steady = setTimeout(() => (delay = FIRST_DELAY), STEADY_AFTER);
  };
  opened.onmessage = ({ data }) => {
    const [kind, text] = JSON.parse(data);
    if (kind === "stdout") terminal.write(text);
  };
  opened.onclose = () => {
    clearTimeout(steady);
    socket = null;
    waitAndRetry();
  };
}

function waitAndRetry() {
  show("waiting", "Connection lost. Trying again");
  timer = setTimeout(retry, delay * (0.5 + Math.random() / 2));
  delay = Math.min(delay * 2, LONGEST_DELAY);
}

// An ordinary request first: it is what renews the session of the proxy in front, which a WebSocket cannot.
async function retry() {
  clearTimeout(timer);
  timer = 0;
  try {
    const answer = await fetch("healthz", { cache: "no-store", redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      show("waiting", "Signing in again");
      location.reload(); // the shells stay: they live in tmux
      return;
    }
    if (answer.ok) return connect();
  } catch {
    // no network, or no server yet: as any other answer that is not ok
  }
  waitAndRetry();
}

function retryNow() {
  if (timer && document.visibilityState === "visible") retry();
}

terminal.loadAddon(fit);
terminal.open(document.getElementById("terminal"));
terminal.onData((text) => send("stdin", text));
terminal.onBinary((text) => send("stdin", text));
terminal.onResize(({ rows, cols }) => send("set_size", rows, cols));
new ResizeObserver(() => fit.fit()).observe(document.getElementById("terminal"));
addEventListener("online", retryNow);
document.addEventListener("visibilitychange", retryNow);
screenReader.addEventListener("click", () => {
  const on = !terminal.options.screenReaderMode;
  terminal.options.screenReaderMode = on;
  screenReader.setAttribute("aria-pressed", String(on));
  terminal.focus();
});

fit.fit();
connect();
