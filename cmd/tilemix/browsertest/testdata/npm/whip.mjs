// What the clients share: a film as RTP, WHIP, and what is told to the test.
import dgram from "node:dgram";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export const told = { frames: 0, width: 0, height: 0, red: 0, green: 0, blue: 0, sound: 0, codec: "", state: "" };

/** film has FFmpeg send a test picture as RTP, and calls back with each packet. */
export function film({ codec = "libx264", width = 640, height = 360, extra = [] }, packet) {
  const socket = dgram.createSocket("udp4");
  socket.on("message", packet);
  return new Promise((ready) => {
    socket.bind(0, "127.0.0.1", () => {
      const options = {
        libx264: ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-g", "30", "-bsf:v", "dump_extra"],
        libvpx: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "30", "-b:v", "500k"],
      }[codec];
      const child = spawn("ffmpeg", ["-loglevel", "error", "-re", "-f", "lavfi", "-i", `testsrc=size=${width}x${height}:rate=15`,
        "-pix_fmt", "yuv420p", ...options, ...extra, "-f", "rtp", `rtp://127.0.0.1:${socket.address().port}?pkt_size=1100`],
      { stdio: ["ignore", "ignore", "inherit"] });
      process.on("exit", () => child.kill("SIGKILL"));
      ready(child);
    });
  });
}

/** publish posts an offer and returns the answer; when standard input ends, so does the session. */
export async function publish(url, offer) {
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: offer });
  const answer = await response.text();
  if (!response.ok) {
    console.error(`${response.status} ${answer}\n${offer}`);
    process.exit(1);
  }
  const session = new URL(response.headers.get("Location"), url);
  process.stdin.on("data", () => {}).on("end", async () => {
    await fetch(session, { method: "DELETE" });
    process.exit(0);
  });
  setInterval(() => console.log(JSON.stringify(told)), 500);
  return answer;
}

/** readable returns a file's text. */
export const readable = (file) => readFileSync(file, "utf8");
