'use strict';
// A child that stays when its channel is closed.

setInterval(() => {}, 1000000);
