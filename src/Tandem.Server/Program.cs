using Tandem.Server;
using Tandem.Server.Storage;

var app = TandemApp.Create(args);
await app.MigrateStorage();
await app.RunAsync();
