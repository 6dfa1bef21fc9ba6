// Cameras and microphones for the README's picture: drawn people instead of
// Chromium's green fake. Runs in a page before its own scripts. The page's
// person is in window.portrait, see people.

(() => {
  const width = 1280, height = 720;

  const people = {
    study: {
      skin: '#8a5536', shade: '#6f4029', hair: '#22161a', shirt: '#e9b44c', collar: '#d79a2b', lips: '#8f3b3b',
      hairstyle: 'curls', earrings: '#f3d27a', room: study, lean: 0, voice: true,
    },
    window: {
      skin: '#e0a983', shade: '#c68963', hair: '#3b2419', shirt: '#efe6d5', collar: '#d8ccb4', lips: '#b0625a',
      hairstyle: 'short', beard: '#4a2f22', room: evening, lean: -14,
    },
    gallery: {
      skin: '#f1c9a5', shade: '#d9a67f', hair: '#1b1b24', shirt: '#7d5ba6', collar: '#694a90', lips: '#c4626a',
      hairstyle: 'bob', glasses: '#2a2a33', room: gallery, lean: 12,
    },
  };

  /** A rectangle with round corners. */
  function box(g, x, y, w, h, r, fill) {
    g.fillStyle = fill;
    g.beginPath();
    g.roundRect(x, y, w, h, r);
    g.fill();
  }

  function disc(g, x, y, rx, ry, fill) {
    g.fillStyle = fill;
    g.beginPath();
    g.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    g.fill();
  }

  function shape(g, fill, path) {
    g.fillStyle = fill;
    g.fill(new Path2D(path));
  }

  function wall(g, light, dark, x, y) {
    const paint = g.createRadialGradient(x, y, 60, x, y, 1100);
    paint.addColorStop(0, light);
    paint.addColorStop(1, dark);
    g.fillStyle = paint;
    g.fillRect(0, 0, width, height);
  }

  function glow(g, x, y, r, colour) {
    const paint = g.createRadialGradient(x, y, 0, x, y, r);
    paint.addColorStop(0, colour);
    paint.addColorStop(1, 'rgb(0 0 0 / 0)');
    g.fillStyle = paint;
    g.fillRect(x - r, y - r, 2 * r, 2 * r);
  }

  /** A room with shelves of books and a lamp. */
  function study(g) {
    wall(g, '#c8795a', '#6d3a33', 1050, 200);
    const spines = ['#f0d9b5', '#34566e', '#d9a441', '#7a2f3b', '#e8e1d3', '#4f7a67', '#2c3548', '#c2593f'];
    for (const [row, y] of [40, 250, 460].entries()) {
      box(g, 40, y + 168, 470, 16, 3, '#4a2a22');
      let x = 58;
      for (let i = 0; x < 470; i++) {
        const w = 24 + ((i * 37 + row * 19) % 22), h = 110 + ((i * 53 + row * 31) % 50);
        box(g, x, y + 168 - h, w, h, 3, spines[(i * 3 + row * 2) % spines.length]);
        x += w + ((i + row) % 5 === 4 ? 34 : 4);
      }
    }
    glow(g, 1070, 250, 420, 'rgb(255 214 150 / 75%)');
    box(g, 1063, 290, 14, 330, 4, '#3a2420');
    shape(g, '#ffe3ae', 'M1000 300 L1030 170 H1110 L1140 300 Z');
    box(g, 930, 610, 300, 110, 8, '#4a2a22');
  }

  /** A room with a window in the evening and a plant. */
  function evening(g) {
    wall(g, '#3f8285', '#1d3f48', 300, 250);
    box(g, 130, 50, 470, 480, 10, '#e8e4d8');
    const sky = g.createLinearGradient(0, 70, 0, 510);
    sky.addColorStop(0, '#4b5fa8');
    sky.addColorStop(0.55, '#e58f7b');
    sky.addColorStop(1, '#f9d08b');
    g.fillStyle = sky;
    g.fillRect(150, 70, 430, 440);
    disc(g, 300, 375, 44, 44, '#fff0c2');
    shape(g, '#6a5a7d', 'M150 430 L260 350 L380 440 L480 370 L580 430 V510 H150 Z');
    shape(g, '#3d4a63', 'M150 470 Q300 400 430 470 T580 450 V510 H150 Z');
    box(g, 358, 70, 14, 440, 0, '#e8e4d8');
    box(g, 110, 520, 510, 26, 4, '#d6d0bf');
    for (const [angle, length] of [[-0.9, 230], [-0.55, 290], [-0.2, 320], [0.15, 310], [0.5, 280], [0.85, 220]]) {
      g.save();
      g.translate(1060, 560);
      g.rotate(angle);
      disc(g, 0, -length / 2, 34, length / 2, angle > 0 ? '#4f9a63' : '#3b8054');
      g.restore();
    }
    shape(g, '#d98e5f', 'M980 540 H1140 L1118 720 H1002 Z');
  }

  /** A bright room with pictures. */
  function gallery(g) {
    wall(g, '#d9cfee', '#8d80b5', 380, 180);
    const frames = [[90, 80, 230, 290, '#f4efe6', '#e07a5f'], [360, 60, 160, 190, '#f4efe6', '#3d6f9c'], [930, 90, 260, 200, '#f4efe6', '#f2b632']];
    for (const [x, y, w, h, paper, ink] of frames) {
      box(g, x, y, w, h, 4, '#4a4166');
      box(g, x + 12, y + 12, w - 24, h - 24, 2, paper);
      disc(g, x + w / 2, y + h / 2, Math.min(w, h) / 4, Math.min(w, h) / 4, ink);
      box(g, x + w / 4, y + h * 0.68, w / 2, 10, 5, ink);
    }
    box(g, 0, 590, 1280, 130, 0, '#6f6396');
    box(g, 880, 470, 400, 22, 6, '#efe9f7');
    box(g, 930, 380, 70, 90, 10, '#f3f0e8');
    disc(g, 965, 340, 60, 56, '#7fb08a');
    disc(g, 925, 360, 34, 32, '#6a9c77');
    box(g, 1060, 410, 34, 60, 3, '#e07a5f');
    box(g, 1098, 396, 28, 74, 3, '#3d6f9c');
    box(g, 1130, 404, 38, 66, 3, '#f2b632');
  }

  function hairBehind(g, p) {
    if (p.hairstyle === 'curls') {
      for (let i = 0; i < 26; i++) {
        const a = Math.PI * (0.93 + 1.14 * (i / 25));
        disc(g, 640 + 178 * Math.cos(a), 318 + 178 * Math.sin(a), 58, 58, p.hair);
      }
      disc(g, 640, 300, 190, 176, p.hair);
    } else if (p.hairstyle === 'bob') {
      shape(g, p.hair, 'M480 330 Q470 140 640 140 Q810 140 800 330 L812 480 Q760 520 720 500 H560 Q520 520 468 480 Z');
    }
  }

  function hairBefore(g, p) {
    if (p.hairstyle === 'curls') {
      for (let i = 0; i < 11; i++) disc(g, 540 + i * 20, 214 - 28 * Math.sin((i / 10) * Math.PI), 30, 28, p.hair);
    } else if (p.hairstyle === 'bob') {
      shape(g, p.hair, 'M500 390 Q484 158 640 156 Q796 158 780 390 Q776 270 716 262 Q600 276 560 250 Q508 290 500 390 Z');
    } else {
      shape(g, p.hair, 'M506 322 Q484 160 624 158 Q670 128 730 164 Q792 196 774 322 Q764 268 744 246 Q660 262 590 228 Q530 250 522 282 Z');
    }
  }

  function body(g, p) {
    shape(g, p.shirt, 'M250 740 Q270 590 420 556 Q540 530 570 500 H710 Q740 530 860 556 Q1010 590 1030 740 Z');
    shape(g, p.shade, 'M572 430 H708 V520 Q690 566 640 568 Q590 566 572 520 Z');
    g.strokeStyle = p.collar;
    g.lineWidth = 20;
    g.lineCap = 'round';
    g.stroke(new Path2D('M560 520 Q580 590 640 592 Q700 590 720 520'));
  }

  function face(g, p, now) {
    if (p.hairstyle !== 'bob') for (const side of [-1, 1]) disc(g, 640 + side * 136, 346, 24, 36, p.shade);
    if (p.earrings) for (const side of [-1, 1]) disc(g, 640 + side * 142, 396, 11, 11, p.earrings);
    shape(g, p.skin, 'M508 300 Q506 180 640 178 Q774 180 772 300 Q776 430 716 480 Q676 512 640 512 Q604 512 564 480 Q504 430 508 300 Z');
    if (p.beard) {
      shape(g, p.beard, 'M510 350 Q512 440 562 486 Q604 520 640 520 Q676 520 718 486 Q768 440 770 350 Q752 412 706 408 Q640 388 574 408 Q528 412 510 350 Z');
      disc(g, 640, 444, 54, 22, p.skin);
    }
    for (const side of [-1, 1]) disc(g, 640 + side * 82, 392, 34, 22, 'rgb(226 96 84 / 16%)');

    const blink = now % 4.3 < 0.14;
    for (const side of [-1, 1]) {
      const x = 640 + side * 58;
      if (!blink) {
        disc(g, x, 336, 23, 16, '#fff');
        disc(g, x + 2, 336, 12, 13, '#3a2417');
        disc(g, x + 6, 331, 4, 4, '#fff');
      }
      g.strokeStyle = p.hair;
      g.lineWidth = 5;
      g.stroke(new Path2D(`M${x - 24} ${blink ? 340 : 332} Q${x} ${blink ? 348 : 312} ${x + 24} ${blink ? 340 : 332}`));
      g.lineWidth = 10;
      g.stroke(new Path2D(`M${x - 30} 300 Q${x} ${284 - side * p.lean * 0.2} ${x + 30} 300`));
    }
    g.strokeStyle = p.shade;
    g.lineWidth = 8;
    g.stroke(new Path2D('M640 350 Q656 384 648 396 Q638 402 626 398'));
    mouth(g, p, now);
    if (p.glasses) glasses(g, p);
  }

  /** Laughs and talks, or smiles and listens. */
  function mouth(g, p, now) {
    g.strokeStyle = p.lips;
    g.lineWidth = 7;
    if (!p.voice) {
      g.stroke(new Path2D('M598 436 Q640 470 682 436'));
      return;
    }
    const low = 474 + 9 * Math.sin(now * 11);
    const lips = new Path2D(`M592 432 Q640 446 688 432 Q676 ${low} 640 ${low + 2} Q604 ${low} 592 432 Z`);
    g.save();
    g.fillStyle = '#5a1f26';
    g.fill(lips);
    g.clip(lips);
    box(g, 590, 426, 100, 28, 8, '#fff');
    g.restore();
    g.stroke(lips);
  }

  function glasses(g, p) {
    g.strokeStyle = p.glasses;
    g.lineWidth = 7;
    for (const side of [-1, 1]) {
      g.beginPath();
      g.roundRect(640 + side * 60 - 45, 302, 90, 72, 30);
      g.fillStyle = 'rgb(255 255 255 / 12%)';
      g.fill();
      g.stroke();
    }
    g.stroke(new Path2D('M625 332 Q640 322 655 332'));
  }

  /** A camera that films a drawing. */
  function film(p) {
    const room = new OffscreenCanvas(width, height);
    const background = room.getContext('2d');
    background.filter = 'blur(7px)';
    p.room(background);
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const g = canvas.getContext('2d');
    const draw = () => {
      const now = performance.now() / 1000;
      g.drawImage(room, -20, -20, width + 40, height + 40);
      g.save();
      g.translate(640, 760);
      g.rotate((p.lean * 0.25 + 1.2 * Math.sin(now * 0.9 + p.lean)) * Math.PI / 180);
      g.scale(1.08, 1.08);
      g.translate(-640, -730 + 4 * Math.sin(now * 1.7));
      g.shadowColor = 'rgb(0 0 0 / 35%)';
      g.shadowBlur = 40;
      hairBehind(g, p);
      body(g, p);
      g.shadowBlur = 0;
      face(g, p, now);
      hairBefore(g, p);
      g.restore();
    };
    draw();
    setInterval(draw, 50);
    return canvas;
  }

  /** A microphone before somebody who hums, or who says nothing. */
  function sound(p) {
    const audio = new AudioContext();
    const out = audio.createMediaStreamDestination();
    const voice = audio.createOscillator();
    const gain = audio.createGain();
    voice.type = 'sawtooth';
    voice.frequency.value = 170;
    gain.gain.value = p?.voice ? 0.3 : 0;
    voice.connect(gain).connect(out);
    voice.start();
    return out.stream.getAudioTracks();
  }

  const person = people[window.portrait];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (wanted.video && !person) throw new DOMException('no camera here', 'NotFoundError');
    const picture = wanted.video ? film(person).captureStream(20).getVideoTracks() : [];
    return new MediaStream([...picture, ...(wanted.audio ? sound(person) : [])]);
  };
})();
