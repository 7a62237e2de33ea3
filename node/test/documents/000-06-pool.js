const { fork } = require('child_process');
class ProcessPool {
constructor(modulePath, size = 4) {
this.workers = [];
this.queue = [];
this.currentIndex = 0;
for (let i = 0; i < size; i++) {
const worker = fork(modulePath);
worker.on('message', (result) => {
const { resolve } = worker.currentTask;
worker.currentTask = null;
resolve(result);
this.processQueue();
});
this.workers.push(worker);
}
}
execute(task) {
return new Promise((resolve, reject) => {
this.queue.push({ task, resolve, reject });
this.processQueue();
});
}
processQueue() {
if (this.queue.length === 0) return;
const worker = this.getAvailableWorker();
if (!worker) return;
const { task, resolve, reject } = this.queue.shift();
worker.currentTask = { resolve, reject };
worker.send(task);
}
getAvailableWorker() {
return this.workers.find(w => !w.currentTask);
}
destroy() {
this.workers.forEach(w => w.kill());
}
}
