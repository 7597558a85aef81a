namespace Tandem.Web.SignIn;

/// <summary>Names and addresses of signing in.</summary>
internal static class Schemes
{
    public const string Session = "tandem-session";
    public const string OpenId = "tandem-openid";

    public const string SignInPath = "/signin";
    public const string SignOutPath = "/signout";
    public const string SignedOutPath = "/signed-out";
}
