// The page's SDP offers.

/**
 * Makes an offer the local description. The offer asks for retransmission of audio in both
 * directions and for stereo, which browsers support but do not offer.
 *
 * @param {RTCPeerConnection} pc
 */
export async function offer(pc) {
  const plain = await pc.createOffer();
  try {
    await pc.setLocalDescription({ type: 'offer', sdp: withStereo(withSoundAgain(plain.sdp ?? '')) });
  } catch {
    await pc.setLocalDescription(plain); // this browser accepts only its own offer
  }
}

/**
 * Adds NACK (RFC 4585 §4.2) to each Opus of an offer that lacks it.
 *
 * @param {string} sdp
 */
function withSoundAgain(sdp) {
  return sdp.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r\n/gim, (line, type) => {
    const nack = `a=rtcp-fb:${type} nack\r\n`;
    return sdp.includes(nack) ? line : line + nack;
  });
}

/**
 * Asks for both channels of Opus (RFC 7587 §6.1). A room in mono sends one all the same.
 *
 * @param {string} sdp
 */
function withStereo(sdp) {
  const types = [...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r\n/gim)].map((m) => m[1]);
  return sdp.replace(/^a=fmtp:(\d+) .*$/gim, (line, type) =>
    types.includes(type) && !/[ ;]stereo=/.test(line) ? `${line};stereo=1` : line,
  );
}
