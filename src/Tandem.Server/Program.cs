using Tandem.Server;
using Tandem.Server.Organizations;

if (args is [SetupCommand.Name, ..])
    return await SetupCommand.Run(args);

var app = TandemApp.Create(args);
await app.Prepare();
await app.RunAsync();
return 0;
