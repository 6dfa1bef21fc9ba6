// The page's offers.

/**
 * Makes an offer the local description. Sound that is lost is to be sent again, both ways:
 * browsers can do that, but do not offer it.
 *
 * @param {RTCPeerConnection} pc
 */
export async function offer(pc) {
  const plain = await pc.createOffer();
  try {
    await pc.setLocalDescription({ type: 'offer', sdp: withSoundAgain(plain.sdp ?? '') });
  } catch {
    await pc.setLocalDescription(plain); // a browser that wants its own words only
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
