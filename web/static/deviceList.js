// The devices that a user can choose from.

/**
 * Fills a select with the devices of a kind.
 *
 * @param {HTMLSelectElement} select
 * @param {import('../sdk/devices.js').Kind} kind
 * @param {MediaStreamTrack | null} track the open one, which the select shows as chosen
 */
export async function listDevices(select, kind, track) {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const found = all.filter((d) => d.kind === `${kind}input`);
  const current = track?.getSettings().deviceId ?? select.value;
  select.replaceChildren(
    ...found.map((d, i) => new Option(d.label || `${kind === 'audio' ? 'Microphone' : 'Camera'} ${i + 1}`, d.deviceId)),
  );
  if (found.length === 0) select.append(new Option(`No ${kind === 'audio' ? 'microphone' : 'camera'}`, ''));
  if (found.some((d) => d.deviceId === current)) select.value = current;
  select.disabled = found.length === 0;
}
