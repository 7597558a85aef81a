using Tandem.Server;

var app = TandemApp.Create(args);
await app.Prepare();
await app.RunAsync();
