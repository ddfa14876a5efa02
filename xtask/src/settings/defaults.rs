//! What `impl Default` says a setting is without a line in the file.

use std::collections::HashMap;

use syn::{Expr, ExprCall, ExprLit, FnArg, ImplItem, Item, Lit, Member, Stmt, Type};

/// Field → its default, where it is a plain value.
pub(super) fn of_struct(items: &[Item], name: &str) -> HashMap<String, String> {
    let block = items.iter().find_map(|item| {
        let Item::Impl(one) = item else { return None };
        let is_default = one.trait_.as_ref().is_some_and(|(path, _)| path.is_ident("Default"));
        let is_meant = matches!(&*one.self_ty, Type::Path(path) if path.path.is_ident(name));
        let function = one.items.iter().find_map(|item| match item {
            ImplItem::Fn(function) if !function.sig.inputs.iter().any(|one| matches!(one, FnArg::Receiver(_))) => {
                Some(function)
            }
            _ => None,
        })?;
        (is_default && is_meant).then_some(&function.block)
    });
    let Some(Stmt::Expr(Expr::Struct(value), _)) = block.and_then(|block| block.stmts.last()) else {
        return HashMap::new();
    };
    let fields = value.fields.iter().filter_map(|field| match &field.member {
        Member::Named(name) => Some((name.to_string(), plain(&field.expr)?)),
        Member::Unnamed(_) => None,
    });
    fields.collect()
}

/// A value as people write it: `1_000` is 1000; of `Time::Minutes(30)` the 30.
fn plain(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Int(number) => Some(number.base10_digits().to_owned()),
            Lit::Float(number) => Some(number.base10_digits().to_owned()),
            Lit::Bool(one) => Some(one.value.to_string()),
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::Call(ExprCall { args, .. }) if args.len() == 1 => plain(&args[0]),
        Expr::MethodCall(call) if call.args.is_empty() => plain(&call.receiver),
        _ => None,
    }
}
