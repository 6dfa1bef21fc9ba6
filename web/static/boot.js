// Loads the build of the page's modules, or the one for older browsers, and says so where neither runs. Every
// browser must be able to read this file, so it is in the JavaScript of 2009.
(function () {
  'use strict';
  var script = /** @type {HTMLScriptElement} */ (document.currentScript);
  var address = String(script.getAttribute('data-src'));
  var modules = 'noModule' in document.createElement('script');
  var modern = typeof AbortSignal !== 'undefined' && 'timeout' in AbortSignal && 'hasOwn' in Object;

  function refuse() {
    if (document.body.getAttribute('data-phase') || document.getElementById('lobby-form')) return;
    var text = document.createElement('p');
    text.id = 'too-old';
    text.setAttribute('role', 'alert');
    text.appendChild(document.createTextNode(
      'This browser is too old for the call. Chrome 80, Edge 80, Firefox 80, Safari 13.1 and later ones can join.'));
    document.body.insertBefore(text, document.body.firstChild);
  }

  if (!modules) {
    addEventListener('DOMContentLoaded', refuse);
    return;
  }
  var element = document.createElement('script');
  element.type = 'module';
  element.src = modern ? address : address.replace(/min.js$/, 'es2019.js');
  element.onerror = refuse;
  // A module that a script adds runs as soon as it is there, and the modules need the whole page.
  if (document.readyState === 'loading') {
    var early = document.createElement('link');
    early.rel = 'modulepreload';
    early.href = element.src;
    document.head.appendChild(early);
    addEventListener('DOMContentLoaded', start);
  } else {
    start();
  }
  setTimeout(refuse, 10000);

  function start() {
    document.head.appendChild(element);
  }
})();
