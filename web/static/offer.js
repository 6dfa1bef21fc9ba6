// The page's SDP offers.

/**
 * Makes an offer the local description. The offer asks for retransmission of audio in both
 * directions, which browsers support but do not offer.
 *
 * @param {RTCPeerConnection} pc
 */
export async function offer(pc) {
  const plain = await pc.createOffer();
  try {
    await pc.setLocalDescription({ type: 'offer', sdp: withSoundAgain(plain.sdp ?? '') });
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
