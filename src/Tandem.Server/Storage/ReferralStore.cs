namespace Tandem.Server.Storage;

/// <summary>Reads and writes the hot tables.</summary>
internal sealed class ReferralStore;
