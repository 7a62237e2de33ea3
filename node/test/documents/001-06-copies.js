// Wrong assumption: modifying data in the child does not update the parent
const sharedData = { count: 0 };
child.send(sharedData);
// child modifies count, parent sees nothing
// Right: return updated state through message passing
child.on('message', (updatedData) => {
  console.log('Parent received:', updatedData);
});
