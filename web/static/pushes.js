// Pushes of the call to other servers, such as YouTube: a host begins and ends them.

import { headers } from './credentials.js';
import { ask } from './dialog.js';
import { at } from './dom.js';
import { refusalOf } from './said.js';
import { toast } from './toasts.js';

/** @typedef {{id: string, url: string, state: string}} Push as the server tells of it: without the secret in its address */

/**
 * Asks where to push the call, or whether to end the pushes that run.
 *
 * @param {string} room
 */
export async function push(room) {
  const api = at(`/api/v1/rooms/${encodeURIComponent(room)}/outputs`);
  try {
    const { outputs } = /** @type {{outputs: Push[]}} */ (await (await request('GET', api)).json());
    const running = outputs.filter(({ state }) => state !== 'ended' && state !== 'failed');
    if (running.length) {
      const choice = await ask({
        title: 'The call is pushed to other servers', text: 'What should happen?', yes: 'Continue',
        options: [...running.map(({ id, url }) => ({ value: id, text: `End the push to ${url}` })), { value: '', text: 'Push to one more server' }],
      });
      if (choice === null) return;
      if (choice) {
        await request('DELETE', `${api}/${encodeURIComponent(choice)}`);
        return toast('The push has ended');
      }
    }
    const url = await ask({
      title: 'Push the call to another server', yes: 'Push',
      text: 'Enter the address with its key, such as rtmp://a.rtmp.youtube.com/live2/KEY. The server takes RTMP, RTSP, SRT and WHIP.',
      field: { label: 'Address' },
    });
    if (!url) return;
    await request('POST', api, { url });
    toast('The call is pushed to the other server');
  } catch (error) {
    toast(error instanceof TypeError ? 'The server does not answer.' : error instanceof Error ? error.message : String(error), 'warning');
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {object} [body]
 */
async function request(method, url, body) {
  const answer = await fetch(url, {
    method, headers: { ...headers(), ...(body && { 'Content-Type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}
